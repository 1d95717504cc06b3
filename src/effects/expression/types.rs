//! Questions about types: `pg_type`, domains, arrays and casts, for built-in and user types alike.

use crate::catalog::builtin::{self, CastContext, CastMethod, TypeKind};
use crate::catalog::{
    BaseType, Catalog, Domain, Oid, RelationKind, Type, UserType, UserTypeKind, Volatility,
};
use crate::version::PgVersion;

use super::{extension, extension_functions};

/// `INTERVAL_FULL_RANGE` of src/include/utils/timestamp.h: no field restriction.
const INTERVAL_FULL_RANGE: i32 = 0x7FFF;

/// Answers for one catalog, version and time zone.
#[derive(Clone, Copy)]
pub struct Types<'a> {
    pub catalog: &'a Catalog,
    pub version: PgVersion,
    /// The session's time zone is a fixed offset of zero.
    pub at_utc: bool,
    pub search_path: &'a [String],
}

/// An entry of `pg_cast`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PgCast {
    pub method: CastMethod,
    pub context: CastContext,
    pub volatility: Volatility,
}

/// `pg_type.typtype`, arrays and the unknown told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Base,
    Array,
    Enum,
    Domain,
    Range,
    Multirange,
    Composite,
    Pseudo,
    /// Nothing is known of it.
    Unknown,
}

/// The same `pg_type` row; modifiers are not compared.
pub fn same(left: &Type, right: &Type) -> bool {
    left.array == right.array && left.base == right.base
}

/// Without modifiers.
pub fn plain(ty: &Type) -> Type {
    Type {
        modifiers: Vec::new(),
        ..ty.clone()
    }
}

/// A type that could not be told at all.
pub fn untold() -> Type {
    Type::unknown("")
}

/// Whether this is the type of an untyped literal.
pub fn is_literal(ty: &Type) -> bool {
    is(ty, "unknown")
}

/// Whether it is that built-in type, not an array of it.
pub fn is(ty: &Type, name: &str) -> bool {
    ty.builtin_name() == Some(name)
}

/// `numeric(10)` is `numeric(10,0)`, `timestamp(9)` is `timestamp(6)`; empty stands for the modifier -1.
pub fn modifiers(ty: &Type) -> Vec<i32> {
    let BaseType::Builtin(name) = &ty.base else {
        return ty.modifiers.clone();
    };
    match (&**name, ty.modifiers.as_slice()) {
        ("numeric", [precision]) => vec![*precision, 0],
        ("time" | "timetz" | "timestamp" | "timestamptz", [precision]) => vec![(*precision).min(6)],
        ("interval", [fields, precision]) => vec![*fields, (*precision).min(6)],
        ("interval", [INTERVAL_FULL_RANGE]) => Vec::new(),
        (_, modifiers) => modifiers.to_vec(),
    }
}

impl<'a> Types<'a> {
    /// A type by its internal name; `_text` is an array of `text`.
    pub fn named(self, name: &str) -> Type {
        match name.strip_prefix('_') {
            Some(element) if self.is_array_name(name) => Type::builtin(element).array_of(),
            _ if self.builtin(name).is_some() => Type::builtin(name),
            _ => self.extension_type(name),
        }
    }

    /// A type of an extension, wherever the extension was created.
    fn extension_type(self, name: &str) -> Type {
        let (element, array) = match name.strip_prefix('_') {
            Some(element) => (element, true),
            None => (name, false),
        };
        let user = self
            .catalog
            .user_types()
            .find(|user| user.extension.is_some() && user.name.name == element);
        Type {
            array,
            ..user.map_or_else(|| Type::unknown(element), |user| Type::user(user.oid))
        }
    }

    fn is_array_name(self, name: &str) -> bool {
        builtin::type_named(name, self.version).is_some_and(|ty| ty.kind == TypeKind::Array)
    }

    pub fn kind(self, ty: &Type) -> Kind {
        if ty.array {
            return Kind::Array;
        }
        match &ty.base {
            BaseType::Builtin(name) => {
                self.builtin(name)
                    .map_or(Kind::Unknown, |found| match found.kind {
                        TypeKind::Base => Kind::Base,
                        TypeKind::Array => Kind::Array,
                        TypeKind::Composite => Kind::Composite,
                        TypeKind::Pseudo => Kind::Pseudo,
                        TypeKind::Range => Kind::Range,
                        TypeKind::Multirange => Kind::Multirange,
                    })
            }
            BaseType::User(oid) => match self.catalog.user_type(*oid).map(|user| &user.kind) {
                Some(UserTypeKind::Enum { .. }) => Kind::Enum,
                Some(UserTypeKind::Domain(_)) => Kind::Domain,
                Some(UserTypeKind::Composite { .. } | UserTypeKind::Row { .. }) => Kind::Composite,
                Some(UserTypeKind::Range { .. }) => Kind::Range,
                Some(UserTypeKind::Base) if extension::named(self, ty).is_some() => Kind::Base,
                Some(UserTypeKind::Base) | None => Kind::Unknown,
            },
            BaseType::Unknown(_) if extension::named(self, ty).is_some() => Kind::Base,
            BaseType::Unknown(_) => Kind::Unknown,
        }
    }

    /// Whether its casts and operators are known: it is built in, or made of what is.
    pub fn is_known(self, ty: &Type) -> bool {
        let element = Type {
            array: false,
            ..ty.clone()
        };
        match self.domain(&element) {
            Some(domain) => self.is_known(&domain.base),
            None => self.kind(&element) != Kind::Unknown,
        }
    }

    /// What PostgreSQL answers to the name of a type that certainly does not exist.
    pub fn missing(self, ty: &Type) -> Option<(&'static str, String)> {
        let certain = match &ty.base {
            BaseType::Builtin(name) => self.builtin(name).is_none(),
            BaseType::User(_) => false,
            BaseType::Unknown(name) => {
                let serial = matches!(
                    &**name,
                    "serial" | "serial2" | "serial4" | "serial8" | "smallserial" | "bigserial"
                );
                let nothing_missing = self.catalog.complete
                    && extension_functions::all_known(self.catalog)
                    && extension::named(self, ty).is_none();
                serial || nothing_missing
            }
        };
        certain.then(|| ("42704", format!("type \"{}\" does not exist", ty.base)))
    }

    pub fn builtin(self, name: &str) -> Option<builtin::Type> {
        builtin::type_named(name, self.version)
    }

    pub fn user(self, ty: &Type) -> Option<&'a UserType> {
        match ty.base {
            BaseType::User(oid) if !ty.array => self.catalog.user_type(oid),
            _ => None,
        }
    }

    pub fn domain(self, ty: &Type) -> Option<&'a Domain> {
        match &self.user(ty)?.kind {
            UserTypeKind::Domain(domain) => Some(domain),
            _ => None,
        }
    }

    /// `getBaseTypeAndTypmod` in src/backend/utils/cache/lsyscache.c: what a domain is over at last.
    pub fn base(self, ty: &Type) -> Type {
        let mut ty = ty.clone();
        // A corrupt catalog must not hang us; domains are not nested deeper than this in earnest.
        for _ in 0..64 {
            match self.domain(&ty) {
                Some(domain) => ty = domain.base.clone(),
                None => break,
            }
        }
        ty
    }

    /// `DomainHasConstraints` in src/backend/utils/cache/typcache.c.
    pub fn has_constraints(self, ty: &Type) -> bool {
        let mut ty = ty.clone();
        for _ in 0..64 {
            let Some(domain) = self.domain(&ty) else {
                return false;
            };
            if domain.has_own_constraints() {
                return true;
            }
            ty = domain.base.clone();
        }
        true
    }

    /// The element of a true array. A domain over an array has none.
    pub fn element(self, ty: &Type) -> Option<Type> {
        match ty.builtin_name() {
            Some("int2vector") => return Some(Type::builtin("int2")),
            Some("oidvector") => return Some(Type::builtin("oid")),
            _ => {}
        }
        ty.array.then(|| Type {
            array: false,
            ..ty.clone()
        })
    }

    /// The array type over it; None for what has no array type (another array's element is the array's own).
    pub fn array_over(self, ty: &Type) -> Option<Type> {
        let over = || Type {
            array: true,
            ..ty.clone()
        };
        match self.kind(ty) {
            Kind::Array => None,
            Kind::Pseudo => (is(ty, "record") || is(ty, "cstring")).then(over),
            _ => Some(over()),
        }
    }

    /// `get_type_category_preferred`
    pub fn category(self, ty: &Type) -> (char, bool) {
        if ty.array {
            return ('A', false);
        }
        match &ty.base {
            BaseType::Builtin(name) => self
                .builtin(name)
                .map_or(('U', false), |found| (found.category, found.preferred)),
            _ => match self.kind(ty) {
                Kind::Enum => ('E', false),
                Kind::Range | Kind::Multirange => ('R', false),
                Kind::Composite => ('C', false),
                Kind::Domain => (self.category(&self.base(ty)).0, false),
                _ => (extension::category(self, ty), false),
            },
        }
    }

    /// `IsPreferredType`
    pub fn is_preferred(self, category: char, ty: &Type) -> bool {
        self.category(ty) == (category, true)
    }

    pub fn is_collatable(self, ty: &Type) -> bool {
        let base = self.base(&Type {
            array: false,
            ..ty.clone()
        });
        match &base.base {
            BaseType::Builtin(name) => self.builtin(name).is_some_and(|found| found.collatable),
            _ => extension::category(self, &base) == 'S',
        }
    }

    /// Volatility of the functions that read and write the text form.
    pub fn input_output(self, ty: &Type) -> (Volatility, Volatility) {
        let builtin = |name: &str| {
            self.builtin(name)
                .map(|found| (found.input_volatility, found.output_volatility))
        };
        if ty.array {
            return (Volatility::Stable, Volatility::Stable);
        }
        match &ty.base {
            BaseType::Builtin(name) => {
                builtin(name).unwrap_or((Volatility::Stable, Volatility::Stable))
            }
            BaseType::Unknown(_) => (Volatility::Immutable, Volatility::Immutable),
            BaseType::User(_) => match self.kind(ty) {
                Kind::Enum | Kind::Composite | Kind::Range | Kind::Multirange => {
                    (Volatility::Stable, Volatility::Stable)
                }
                // domain_in is stable; the output function is the base type's.
                Kind::Domain => (Volatility::Stable, self.input_output(&self.base(ty)).1),
                _ => (Volatility::Immutable, Volatility::Immutable),
            },
        }
    }

    /// The entry of `pg_cast` from one type to another; domains must have been looked through.
    pub fn pg_cast(self, source: &Type, target: &Type) -> Option<PgCast> {
        if let Some(cast) = extension::cast(self, source, target) {
            return Some(cast);
        }
        let cast = builtin::cast(source.builtin_name()?, target.builtin_name()?, self.version)?;
        Some(PgCast {
            method: cast.method,
            context: cast.context,
            volatility: cast.volatility,
        })
    }

    /// `IsBinaryCoercible` in src/backend/parser/parse_coerce.c.
    pub fn is_binary_coercible(self, source: &Type, target: &Type) -> bool {
        if same(source, target) {
            return true;
        }
        let base = self.base(source);
        if same(&base, target) {
            return true;
        }
        match target.builtin_name() {
            Some("any" | "anyelement" | "anycompatible") => return true,
            Some("anyarray" | "anycompatiblearray") if base.array => return true,
            Some("anynonarray" | "anycompatiblenonarray") if !base.array => return true,
            Some("anyenum") if self.kind(&base) == Kind::Enum => return true,
            Some("anyrange" | "anycompatiblerange") if self.kind(&base) == Kind::Range => {
                return true;
            }
            Some("anymultirange" | "anycompatiblemultirange")
                if self.kind(&base) == Kind::Multirange =>
            {
                return true;
            }
            Some("record") if self.kind(&base) == Kind::Composite => return true,
            _ => {}
        }
        self.pg_cast(&base, target).is_some_and(|cast| {
            cast.method == CastMethod::Binary && cast.context == CastContext::Implicit
        })
    }

    /// What a range is over.
    pub fn range_subtype(self, ty: &Type) -> Option<Type> {
        if let Some(user) = self.user(ty) {
            return match &user.kind {
                UserTypeKind::Range { subtype } => Some(subtype.clone()),
                _ => None,
            };
        }
        let found = self.builtin(ty.builtin_name()?)?;
        (found.kind == TypeKind::Range).then(|| found.subtype.map(Type::builtin))?
    }

    /// The range that a multirange is made of.
    pub fn multirange_range(self, ty: &Type) -> Option<Type> {
        let found = self.builtin(ty.builtin_name()?)?;
        (found.kind == TypeKind::Multirange).then(|| found.subtype.map(Type::builtin))?
    }

    /// The multirange made of a range.
    pub fn range_multirange(self, ty: &Type) -> Option<Type> {
        let name = ty.builtin_name()?.strip_suffix("range")?;
        Some(self.named(&format!("{name}multirange")))
    }

    /// The attributes of a composite type: of a stand-alone one, or the columns of a relation.
    pub fn attributes(self, ty: &Type) -> Option<Vec<(String, Type)>> {
        match &self.user(ty)?.kind {
            UserTypeKind::Composite { attributes } => Some(attributes.clone()),
            UserTypeKind::Row { relation } => self.columns_of(*relation),
            _ => None,
        }
    }

    fn columns_of(self, relation: Oid) -> Option<Vec<(String, Type)>> {
        let relation = self.catalog.relation(relation)?;
        if relation.kind == RelationKind::Sequence {
            return None;
        }
        let column = |column: &crate::catalog::Column| (column.name.clone(), column.ty.clone());
        Some(relation.columns.iter().map(column).collect())
    }

    /// In the words of `format_type()`, for messages; modifiers are left out.
    pub fn display(self, ty: &Type) -> String {
        self.catalog.type_display(&plain(ty))
    }
}
