//! ALTER ... OWNER TO: the catalog keeps no owners, only whether the object is there.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterOwnerStmt, ObjectType};

use super::drop::object_name;
use super::{Outcome, Replay, refuse};
use crate::catalog::UserTypeKind;
use crate::catalog::resolve::split_name;

impl Replay<'_> {
    pub(super) fn require_owned(&mut self, stmt: &AlterOwnerStmt) -> Outcome {
        let Some(object) = stmt.object.as_deref() else {
            return Ok(());
        };
        let name = object_name(object);
        let parts: Vec<&str> = name.iter().map(String::as_str).collect();
        match stmt.object_type() {
            ObjectType::ObjectStatisticExt => self.require_statistics(&parts),
            ObjectType::ObjectPublication => {
                let name = parts.last().copied().unwrap_or_default();
                match self.catalog.publications.get(name) {
                    Some(_) => Ok(()),
                    None => self.missing(None, || {
                        ("42704", format!("publication \"{name}\" does not exist"))
                    }),
                }
            }
            ObjectType::ObjectSchema => {
                self.missing_schema(parts.last().copied().unwrap_or_default())
            }
            ObjectType::ObjectType | ObjectType::ObjectDomain => {
                let Some((schema, name)) = split_name(&parts) else {
                    return Ok(());
                };
                match self
                    .catalog
                    .lookup_type(schema, name, &self.session.settings)
                {
                    Some(ty) => match self.catalog.user_type(ty).map(|user| &user.kind) {
                        Some(UserTypeKind::Row { .. }) => {
                            refuse("42809", format!("{name} is a table's row type"))
                        }
                        _ => Ok(()),
                    },
                    None => self.missing(schema, || {
                        ("42704", format!("type \"{name}\" does not exist"))
                    }),
                }
            }
            ObjectType::ObjectFunction
            | ObjectType::ObjectProcedure
            | ObjectType::ObjectRoutine => match &object.node {
                Some(NodeEnum::ObjectWithArgs(function)) => match self.find_function(function)? {
                    Some(_) => Ok(()),
                    None => self.missing_function(Some(function)),
                },
                _ => Ok(()),
            },
            // Kinds of objects that the catalog does not keep.
            _ => Ok(()),
        }
    }
}
