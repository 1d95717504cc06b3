//! CREATE EXTENSION, ALTER EXTENSION: the types and functions of extensions that schemas use.

use std::sync::Arc;

use pg_query::protobuf::{AlterExtensionStmt, CreateExtensionStmt};
use pg_query::{Node, NodeEnum};

use super::spec::value_text;
use super::{Outcome, Replay, refuse};
use crate::catalog::resolve::schema_name;
use crate::catalog::{
    Argument, Function, FunctionKind, QualifiedName, Type, UserType, UserTypeKind, Volatility,
};

/// A function of an extension: name, its argument and result types by name, volatility.
type KnownFunction = (
    &'static str,
    &'static [&'static str],
    &'static str,
    Volatility,
);

struct Known {
    name: &'static str,
    types: &'static [&'static str],
    functions: &'static [KnownFunction],
}

use Volatility::{Immutable, Stable, Volatile};

/// What the extensions' own scripts create, as far as migrations lean on it: `contrib/*/*.sql` of
/// PostgreSQL 12 to 18, PostGIS and pgvector.
#[rustfmt::skip]
const KNOWN: &[Known] = &[
    Known { name: "citext", types: &["citext"], functions: &[
        ("regexp_match", &["citext", "citext"], "text", Immutable),
        ("replace", &["citext", "citext", "citext"], "text", Immutable),
        ("split_part", &["citext", "citext", "int4"], "text", Immutable),
        ("strpos", &["citext", "citext"], "int4", Immutable),
        ("translate", &["citext", "citext", "text"], "text", Immutable),
    ] },
    Known { name: "hstore", types: &["hstore", "ghstore"], functions: &[
        ("hstore", &["text", "text"], "hstore", Immutable),
        ("hstore_to_json", &["hstore"], "json", Immutable),
        ("hstore_to_jsonb", &["hstore"], "jsonb", Immutable),
        ("akeys", &["hstore"], "text", Immutable),
        ("avals", &["hstore"], "text", Immutable),
        ("exist", &["hstore", "text"], "bool", Immutable),
        ("delete", &["hstore", "text"], "hstore", Immutable),
    ] },
    Known { name: "ltree", types: &["ltree", "lquery", "ltxtquery", "ltree_gist"], functions: &[
        ("nlevel", &["ltree"], "int4", Immutable),
        ("subpath", &["ltree", "int4"], "ltree", Immutable),
        ("subpath", &["ltree", "int4", "int4"], "ltree", Immutable),
        ("subltree", &["ltree", "int4", "int4"], "ltree", Immutable),
        ("text2ltree", &["text"], "ltree", Immutable),
        ("ltree2text", &["ltree"], "text", Immutable),
    ] },
    Known { name: "uuid-ossp", types: &[], functions: &[
        ("uuid_nil", &[], "uuid", Immutable),
        ("uuid_ns_dns", &[], "uuid", Immutable),
        ("uuid_ns_url", &[], "uuid", Immutable),
        ("uuid_ns_oid", &[], "uuid", Immutable),
        ("uuid_ns_x500", &[], "uuid", Immutable),
        ("uuid_generate_v1", &[], "uuid", Volatile),
        ("uuid_generate_v1mc", &[], "uuid", Volatile),
        ("uuid_generate_v3", &["uuid", "text"], "uuid", Immutable),
        ("uuid_generate_v4", &[], "uuid", Volatile),
        ("uuid_generate_v5", &["uuid", "text"], "uuid", Immutable),
    ] },
    Known { name: "pgcrypto", types: &[], functions: &[
        ("gen_random_uuid", &[], "uuid", Volatile),
        ("gen_random_bytes", &["int4"], "bytea", Volatile),
        ("gen_salt", &["text"], "text", Volatile),
        ("gen_salt", &["text", "int4"], "text", Volatile),
        ("crypt", &["text", "text"], "text", Immutable),
        ("digest", &["text", "text"], "bytea", Immutable),
        ("digest", &["bytea", "text"], "bytea", Immutable),
        ("hmac", &["text", "text", "text"], "bytea", Immutable),
        ("hmac", &["bytea", "bytea", "text"], "bytea", Immutable),
        ("encrypt", &["bytea", "bytea", "text"], "bytea", Immutable),
        ("decrypt", &["bytea", "bytea", "text"], "bytea", Immutable),
        ("pgp_sym_encrypt", &["text", "text"], "bytea", Volatile),
        ("pgp_sym_encrypt", &["text", "text", "text"], "bytea", Volatile),
        ("pgp_sym_decrypt", &["bytea", "text"], "text", Immutable),
        ("pgp_sym_decrypt", &["bytea", "text", "text"], "text", Immutable),
        ("armor", &["bytea"], "text", Immutable),
    ] },
    Known { name: "pg_trgm", types: &["gtrgm"], functions: &[
        ("similarity", &["text", "text"], "float4", Immutable),
        ("word_similarity", &["text", "text"], "float4", Immutable),
        ("show_trgm", &["text"], "text", Immutable),
        ("set_limit", &["float4"], "float4", Volatile),
        ("show_limit", &[], "float4", Stable),
    ] },
    Known { name: "unaccent", types: &[], functions: &[
        ("unaccent", &["text"], "text", Stable),
        ("unaccent", &["regdictionary", "text"], "text", Stable),
    ] },
    Known { name: "fuzzystrmatch", types: &[], functions: &[
        ("levenshtein", &["text", "text"], "int4", Immutable),
        ("soundex", &["text"], "text", Immutable),
        ("metaphone", &["text", "int4"], "text", Immutable),
        ("dmetaphone", &["text"], "text", Immutable),
    ] },
    Known { name: "cube", types: &["cube"], functions: &[
        ("cube", &["float8"], "cube", Immutable),
    ] },
    Known { name: "earthdistance", types: &["earth"], functions: &[
        ("earth", &[], "float8", Immutable),
        ("ll_to_earth", &["float8", "float8"], "earth", Immutable),
        ("earth_distance", &["earth", "earth"], "float8", Immutable),
    ] },
    Known { name: "intarray", types: &["query_int", "intbig_gkey"], functions: &[
        ("sort", &["int4"], "int4", Immutable),
        ("uniq", &["int4"], "int4", Immutable),
        ("idx", &["int4", "int4"], "int4", Immutable),
    ] },
    Known { name: "isn", types: &["ean13", "isbn13", "ismn13", "issn13", "isbn", "ismn", "issn", "upc"], functions: &[] },
    Known { name: "seg", types: &["seg"], functions: &[] },
    Known { name: "lo", types: &["lo"], functions: &[] },
    Known { name: "tablefunc", types: &[], functions: &[
        ("crosstab", &["text"], "record", Stable),
        ("normal_rand", &["int4", "float8", "float8"], "float8", Volatile),
    ] },
    Known { name: "postgis", types: &["geometry", "geography", "box2d", "box3d", "spheroid", "geometry_dump", "valid_detail"], functions: &[
        ("st_makepoint", &["float8", "float8"], "geometry", Immutable),
        ("st_point", &["float8", "float8"], "geometry", Immutable),
        ("st_setsrid", &["geometry", "int4"], "geometry", Immutable),
        ("st_geomfromtext", &["text"], "geometry", Immutable),
        ("st_geomfromtext", &["text", "int4"], "geometry", Immutable),
        ("st_geogfromtext", &["text"], "geography", Immutable),
        ("st_transform", &["geometry", "int4"], "geometry", Immutable),
        ("st_x", &["geometry"], "float8", Immutable),
        ("st_y", &["geometry"], "float8", Immutable),
        ("st_srid", &["geometry"], "int4", Immutable),
        ("st_area", &["geometry"], "float8", Immutable),
        ("st_length", &["geometry"], "float8", Immutable),
        ("st_centroid", &["geometry"], "geometry", Immutable),
        ("st_buffer", &["geometry", "float8"], "geometry", Immutable),
        ("st_isvalid", &["geometry"], "bool", Immutable),
        ("st_distance", &["geometry", "geometry"], "float8", Immutable),
        ("st_intersects", &["geometry", "geometry"], "bool", Immutable),
        ("st_contains", &["geometry", "geometry"], "bool", Immutable),
        ("st_within", &["geometry", "geometry"], "bool", Immutable),
        ("st_dwithin", &["geometry", "geometry", "float8"], "bool", Immutable),
        ("st_astext", &["geometry"], "text", Immutable),
        ("st_asgeojson", &["geometry"], "text", Immutable),
    ] },
    Known { name: "vector", types: &["vector", "halfvec", "sparsevec"], functions: &[
        ("vector_dims", &["vector"], "int4", Immutable),
        ("vector_norm", &["vector"], "float8", Immutable),
        ("cosine_distance", &["vector", "vector"], "float8", Immutable),
        ("l2_distance", &["vector", "vector"], "float8", Immutable),
        ("inner_product", &["vector", "vector"], "float8", Immutable),
    ] },
];

impl Replay<'_> {
    pub(super) fn create_extension(&mut self, stmt: &CreateExtensionStmt) -> Outcome {
        if self.catalog.extensions.contains(&stmt.extname) || stmt.extname == "plpgsql" {
            if stmt.if_not_exists {
                return Ok(());
            }
            return refuse(
                "42710",
                format!("extension \"{}\" already exists", stmt.extname),
            );
        }
        let schema = option_value(&stmt.options, "schema")
            .map(|schema| schema_name(&schema).to_owned())
            .or_else(|| {
                self.catalog
                    .creation_schema(self.search_path())
                    .map(str::to_owned)
            })
            .unwrap_or_else(|| "public".to_owned());
        self.missing_schema(&schema)?;
        self.catalog.add_schema(&schema);
        self.catalog.extensions.insert(stmt.extname.clone());
        let cascade = option_value(&stmt.options, "cascade").is_some();
        if cascade && stmt.extname == "earthdistance" && !self.catalog.extensions.contains("cube") {
            self.catalog.extensions.insert("cube".to_owned());
            self.add_members("cube", &schema, stmt);
        }
        self.add_members(&stmt.extname, &schema, stmt);
        Ok(())
    }

    fn add_members(&mut self, extension: &str, schema: &str, stmt: &CreateExtensionStmt) {
        let Some(known) = KNOWN.iter().find(|known| known.name == extension) else {
            return;
        };
        let birth = self.birth();
        for name in known.types {
            let name = QualifiedName::new(schema, *name);
            if self.catalog.type_oid(&name).is_some() {
                continue;
            }
            let oid = self.catalog.new_oid();
            self.catalog.insert_type(UserType {
                oid,
                name,
                kind: UserTypeKind::Base,
                birth,
                extension: Some(extension.to_owned()),
            });
        }
        let definition = Arc::new(NodeEnum::CreateExtensionStmt(stmt.clone()));
        for (name, arguments, returns, volatility) in known.functions {
            let arguments = arguments
                .iter()
                .map(|ty| Argument {
                    name: None,
                    ty: self.member_type(schema, ty),
                    has_default: false,
                    variadic: false,
                })
                .collect();
            let oid = self.catalog.new_oid();
            let returns = Some(self.member_type(schema, returns));
            self.catalog.insert_function(Function {
                oid,
                name: QualifiedName::new(schema, *name),
                kind: FunctionKind::Function,
                arguments,
                returns,
                returns_set: false,
                language: "c".to_owned(),
                volatility: *volatility,
                strict: true,
                security_definer: false,
                has_settings: false,
                definition: definition.clone(),
                reads: Vec::new(),
                birth,
                extension: Some(extension.to_owned()),
            });
        }
    }

    fn member_type(&self, schema: &str, name: &str) -> Type {
        match self.catalog.type_oid(&QualifiedName::new(schema, name)) {
            Some(oid) => Type::user(oid),
            None => Type::builtin(name),
        }
    }

    /// ALTER EXTENSION ... UPDATE changes nothing that is kept; a missing extension is an error.
    pub(super) fn alter_extension(&mut self, stmt: &AlterExtensionStmt) -> Outcome {
        if self.catalog.extensions.contains(&stmt.extname) {
            return Ok(());
        }
        self.missing(None, || {
            (
                "42704",
                format!("extension \"{}\" does not exist", stmt.extname),
            )
        })
    }
}

/// The value of an option, as text.
fn option_value(options: &[Node], name: &str) -> Option<String> {
    options
        .iter()
        .find_map(|option| match option.node.as_ref()? {
            NodeEnum::DefElem(option) if option.defname == name => {
                Some(option.arg.as_deref().map(value_text).unwrap_or_default())
            }
            _ => None,
        })
}
