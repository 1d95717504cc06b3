//! Objects by their names. Few names are in more than one schema, and every statement looks some up.

use std::sync::Arc;

use foldhash::fast::RandomState;
use imbl::{GenericHashMap, OrdMap, shared_ptr::DefaultSharedPtr};

use super::{Oid, QualifiedName};

/// A persistent map from names to objects.
#[derive(Debug, Clone, Default)]
pub struct ByName {
    /// By the name without its schema.
    names: GenericHashMap<Arc<str>, Schemas, RandomState, DefaultSharedPtr>,
}

/// The objects of one name in different schemas.
#[derive(Debug, Clone)]
pub enum Schemas {
    One(Arc<str>, Oid),
    Several(OrdMap<Arc<str>, Oid>),
}

impl Schemas {
    pub fn get(&self, schema: &str) -> Option<Oid> {
        match self {
            Schemas::One(only, oid) => (**only == *schema).then_some(*oid),
            Schemas::Several(schemas) => schemas.get(schema).copied(),
        }
    }
}

impl ByName {
    /// The objects of this name in any schema.
    pub fn in_schemas(&self, name: &str) -> Option<&Schemas> {
        self.names.get(name)
    }

    pub fn get(&self, name: &QualifiedName) -> Option<Oid> {
        self.in_schemas(&name.name)?.get(&name.schema)
    }

    /// An object that has the name already loses it.
    pub fn insert(&mut self, name: &QualifiedName, oid: Oid) {
        let schema: Arc<str> = name.schema.as_str().into();
        let Some(schemas) = self.names.get_mut(name.name.as_str()) else {
            let only = Schemas::One(schema, oid);
            self.names.insert(name.name.as_str().into(), only);
            return;
        };
        match schemas {
            Schemas::One(only, of) if **only == *schema => *of = oid,
            Schemas::One(only, of) => {
                let both = OrdMap::from_iter([(Arc::clone(only), *of), (schema, oid)]);
                *schemas = Schemas::Several(both);
            }
            Schemas::Several(several) => {
                several.insert(schema, oid);
            }
        }
    }

    pub fn remove(&mut self, name: &QualifiedName) {
        let Some(schemas) = self.names.get_mut(name.name.as_str()) else {
            return;
        };
        let is_last = match schemas {
            Schemas::One(only, _) => **only == *name.schema,
            Schemas::Several(several) => {
                several.remove(name.schema.as_str());
                several.is_empty()
            }
        };
        if is_last {
            self.names.remove(name.name.as_str());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ByName, Oid, QualifiedName};

    #[test]
    fn a_name_may_be_in_several_schemas() {
        let name = |schema: &str| QualifiedName::new(schema, "t");
        let mut names = ByName::default();
        for (oid, schema) in [(1, "a"), (2, "b"), (3, "c"), (4, "b")] {
            names.insert(&name(schema), Oid(oid));
        }
        assert_eq!(names.get(&name("a")), Some(Oid(1)));
        assert_eq!(names.get(&name("b")), Some(Oid(4)));
        assert_eq!(names.get(&name("d")), None);
        assert_eq!(names.get(&QualifiedName::new("a", "u")), None);
        let before = names.clone();
        for schema in ["a", "d", "b", "c"] {
            names.remove(&name(schema));
            assert_eq!(names.get(&name(schema)), None);
        }
        assert!(names.in_schemas("t").is_none());
        assert_eq!(before.get(&name("c")), Some(Oid(3)));
    }

    #[test]
    fn the_only_one_is_replaced_and_removed() {
        let mut names = ByName::default();
        let name = QualifiedName::new("a", "t");
        names.insert(&name, Oid(1));
        names.insert(&name, Oid(2));
        names.remove(&QualifiedName::new("b", "t"));
        assert_eq!(names.get(&name), Some(Oid(2)));
        names.remove(&name);
        assert_eq!(names.get(&name), None);
    }
}
