//! CREATE, ALTER and DROP COLLATION (src/backend/commands/collationcmds.c).

use pg_query::NodeEnum;
use pg_query::protobuf::{DefElem, DefineStmt};

use super::spec::name_list;
use super::{Outcome, Replay, refuse};
use crate::catalog::resolve::split_name;
use crate::catalog::{Collation, QualifiedName, UserTypeKind};

impl Replay<'_> {
    pub(super) fn create_collation(&mut self, stmt: &DefineStmt) -> Outcome {
        let parts = name_list(&stmt.defnames);
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let Some((schema, name)) = split_name(&parts) else {
            return Ok(());
        };
        let name = self.new_name(schema, name)?;
        if self.catalog.collations.contains_key(&name) {
            if stmt.if_not_exists {
                return Ok(());
            }
            return refuse(
                "42710",
                format!("collation \"{}\" already exists", name.name),
            );
        }
        let options: Vec<&DefElem> = stmt
            .definition
            .iter()
            .filter_map(|option| match option.node.as_ref()? {
                NodeEnum::DefElem(option) => Some(&**option),
                _ => None,
            })
            .collect();
        let option = |name: &str| {
            let found = options.iter().find(|option| option.defname == name)?;
            word(found)
        };
        let copied = options
            .iter()
            .find(|option| option.defname == "from")
            .and_then(|option| match option.arg.as_deref()?.node.as_ref()? {
                NodeEnum::List(list) => Some(name_list(&list.items)),
                _ => None,
            })
            .and_then(|from| {
                let parts: Vec<&str> = from.iter().map(String::as_str).collect();
                let (schema, name) = split_name(&parts)?;
                let found = self.find_collation(schema, name)?;
                self.catalog.collations.get(&found).copied()
            });
        let deterministic = match option("deterministic").as_deref() {
            Some("false" | "off" | "0") => false,
            _ => copied.is_none_or(|copied| copied.deterministic),
        };
        let icu = option("provider").is_some_and(|provider| provider == "icu");
        if !deterministic && !icu && copied.is_none() {
            return refuse(
                "0A000",
                "nondeterministic collations not supported with this provider",
            );
        }
        self.catalog
            .collations
            .insert(name, Collation { deterministic });
        Ok(())
    }

    /// A collation that a migration created.
    pub(super) fn find_collation(&self, schema: Option<&str>, name: &str) -> Option<QualifiedName> {
        let schemas = match schema {
            Some(schema) => vec![schema.to_owned()],
            None => self.search_path().to_vec(),
        };
        schemas
            .into_iter()
            .map(|schema| QualifiedName::new(schema, name))
            .find(|name| self.catalog.collations.contains_key(name))
    }

    /// RENAME and SET SCHEMA; what uses it keeps its name without a schema.
    pub(super) fn move_collation(&mut self, old: &QualifiedName, new: QualifiedName) -> Outcome {
        if self.catalog.collations.contains_key(&new) {
            return refuse(
                "42710",
                format!("collation \"{}\" already exists", new.name),
            );
        }
        let Some(collation) = self.catalog.collations.remove(old) else {
            return Ok(());
        };
        if old.name != new.name {
            self.rename_uses(&old.name, &new.name);
        }
        self.catalog.collations.insert(new, collation);
        Ok(())
    }

    fn rename_uses(&mut self, old: &str, new: &str) {
        let is_it = |name: &Option<String>| name.as_deref() == Some(old);
        let tables: Vec<_> = self
            .catalog
            .relations()
            .filter(|relation| relation.columns.iter().any(|it| is_it(&it.collation)))
            .map(|relation| relation.oid)
            .collect();
        for table in tables {
            self.catalog.edit(table, |relation| {
                for column in &mut relation.columns {
                    if is_it(&column.collation) {
                        column.collation = Some(new.to_owned());
                    }
                }
            });
        }
        let indexes: Vec<_> = self
            .catalog
            .indexes()
            .filter(|index| index.keys.iter().any(|key| is_it(&key.collation)))
            .map(|index| index.oid)
            .collect();
        for index in indexes {
            self.catalog.edit_index(index, |index| {
                for key in &mut index.keys {
                    if is_it(&key.collation) {
                        key.collation = Some(new.to_owned());
                    }
                }
            });
        }
        let types: Vec<_> = self
            .catalog
            .user_types()
            .filter(|ty| matches!(&ty.kind, UserTypeKind::Domain(it) if is_it(&it.collation)))
            .map(|ty| ty.oid)
            .collect();
        for ty in types {
            self.catalog.edit_type(ty, |ty| {
                if let UserTypeKind::Domain(domain) = &mut ty.kind {
                    domain.collation = Some(new.to_owned());
                }
            });
        }
    }
}

/// The value of an option, in lower case.
fn word(option: &DefElem) -> Option<String> {
    let text = match option.arg.as_deref()?.node.as_ref()? {
        NodeEnum::String(text) => text.sval.clone(),
        NodeEnum::TypeName(name) => name_list(&name.names).pop()?,
        NodeEnum::Boolean(value) => value.boolval.to_string(),
        NodeEnum::Integer(number) => number.ival.to_string(),
        _ => return None,
    };
    Some(text.to_ascii_lowercase())
}
