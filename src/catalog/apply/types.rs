//! Enums, domains, composite types, ranges and base types.

use pg_query::protobuf::Constraint as ConstraintNode;
use pg_query::protobuf::{
    AlterDomainStmt, AlterEnumStmt, CompositeTypeStmt, ConstrType, CreateDomainStmt,
    CreateEnumStmt, CreateRangeStmt, DefineStmt,
};
use pg_query::{Node, NodeEnum};

use super::spec::{dotted, given, name_list};
use super::{Outcome, Replay, refuse};
use crate::catalog::resolve::{clip, split_name, strings};
use crate::catalog::{
    Domain, DomainCheck, EnumValue, MAX_NAME_LENGTH, Oid, QualifiedName, Relation, RelationKind,
    Type, UserType, UserTypeKind,
};

impl Replay<'_> {
    pub(super) fn create_enum(&mut self, stmt: &CreateEnumStmt) -> Outcome {
        let values = name_list(&stmt.vals);
        let values = values
            .into_iter()
            .map(|name| EnumValue {
                name,
                added_in: None,
            })
            .collect();
        self.create_type(&stmt.type_name, UserTypeKind::Enum { values })?;
        Ok(())
    }

    fn create_type(&mut self, name: &[Node], kind: UserTypeKind) -> Outcome<Option<Oid>> {
        let parts = strings(name);
        let Some((schema, name)) = split_name(&parts) else {
            return Ok(None);
        };
        let name = self.new_name(schema, name)?;
        if let Some(existing) = self.catalog.type_oid(&name) {
            // A shell type is waiting for its definition.
            let shell = self
                .catalog
                .user_type(existing)
                .is_some_and(|ty| matches!(ty.kind, UserTypeKind::Base) && ty.extension.is_none());
            if !shell {
                return refuse("42710", format!("type \"{}\" already exists", name.name));
            }
            self.catalog.edit_type(existing, |ty| ty.kind = kind);
            return Ok(Some(existing));
        }
        let oid = self.catalog.new_oid();
        let birth = self.birth();
        self.catalog.insert_type(UserType {
            oid,
            name,
            kind,
            birth,
            extension: None,
        });
        Ok(Some(oid))
    }

    pub(super) fn alter_enum(&mut self, stmt: &AlterEnumStmt) -> Outcome {
        let parts = strings(&stmt.type_name);
        let Some((schema, name)) = split_name(&parts) else {
            return Ok(());
        };
        let found = self
            .catalog
            .lookup_type(schema, name, &self.session.settings);
        let Some(oid) = found else {
            return self.missing(schema, || {
                ("42704", format!("type \"{name}\" does not exist"))
            });
        };
        let Some(ty) = self.catalog.user_type(oid) else {
            return Ok(());
        };
        let UserTypeKind::Enum { values } = &ty.kind else {
            return refuse("42809", format!("\"{name}\" is not an enum"));
        };
        let created_now = ty.birth.transaction == self.session.transaction_id;
        let exists = values.iter().any(|value| value.name == stmt.new_val);
        if exists {
            if stmt.old_val.is_empty() && stmt.skip_if_new_val_exists {
                return Ok(());
            }
            return refuse(
                "42710",
                format!("enum label \"{}\" already exists", stmt.new_val),
            );
        }
        let position = |wanted: &str| values.iter().position(|value| value.name == wanted);
        if !stmt.old_val.is_empty() {
            let Some(at) = position(&stmt.old_val) else {
                return refuse(
                    "22023",
                    format!("\"{}\" is not an existing enum label", stmt.old_val),
                );
            };
            self.edit_enum(oid, |values| {
                if let Some(value) = values.get_mut(at) {
                    value.name.clone_from(&stmt.new_val);
                }
            });
            return Ok(());
        }
        let at = if stmt.new_val_neighbor.is_empty() {
            values.len()
        } else {
            match position(&stmt.new_val_neighbor) {
                Some(neighbor) => neighbor + usize::from(stmt.new_val_is_after),
                None => {
                    return refuse(
                        "22023",
                        format!(
                            "\"{}\" is not an existing enum label",
                            stmt.new_val_neighbor
                        ),
                    );
                }
            }
        };
        // A value of a type that this transaction created is usable at once from 17 on.
        let usable = created_now && self.since(17);
        let value = EnumValue {
            name: stmt.new_val.clone(),
            added_in: (!usable).then_some(self.session.transaction_id),
        };
        if let Some(transaction) = value.added_in {
            self.catalog.unsafe_enum_values = Some(transaction);
        }
        self.edit_enum(oid, |values| values.insert(at.min(values.len()), value));
        Ok(())
    }

    fn edit_enum(&mut self, oid: Oid, change: impl FnOnce(&mut Vec<EnumValue>)) {
        self.catalog.edit_type(oid, |ty| {
            if let UserTypeKind::Enum { values } = &mut ty.kind {
                change(values);
            }
        });
    }

    pub(super) fn create_domain(&mut self, stmt: &CreateDomainStmt) -> Outcome {
        let base = match &stmt.type_name {
            Some(name) => self.catalog.resolve_type(name, &self.session.settings),
            None => Type::unknown(""),
        };
        let collation = stmt
            .coll_clause
            .as_ref()
            .and_then(|clause| dotted(&clause.collname));
        let domain = Domain {
            base: base.clone(),
            not_null: false,
            default: None,
            checks: Vec::new(),
            collation,
        };
        let Some(oid) = self.create_type(&stmt.domainname, UserTypeKind::Domain(domain))? else {
            return Ok(());
        };
        self.note_type(&base, oid);
        for constraint in &stmt.constraints {
            if let Some(NodeEnum::Constraint(constraint)) = &constraint.node {
                self.add_domain_constraint(oid, constraint, true)?;
            }
        }
        Ok(())
    }

    fn add_domain_constraint(
        &mut self,
        oid: Oid,
        constraint: &ConstraintNode,
        new: bool,
    ) -> Outcome {
        match constraint.contype() {
            ConstrType::ConstrNotnull => {
                self.edit_domain(oid, |domain| domain.not_null = true);
            }
            ConstrType::ConstrDefault => {
                let default = constraint
                    .raw_expr
                    .as_deref()
                    .map(|expression| self.stored(expression, oid));
                self.edit_domain(oid, |domain| domain.default = default);
            }
            ConstrType::ConstrCheck => {
                let Some(expression) = constraint.raw_expr.as_deref() else {
                    return Ok(());
                };
                let expression = self.stored(expression, oid);
                let name = self.domain_check_name(oid, given(&constraint.conname))?;
                let valid = new || !constraint.skip_validation;
                self.edit_domain(oid, |domain| {
                    domain.checks.push(DomainCheck {
                        name,
                        expression,
                        valid,
                    });
                });
            }
            // The grammar gives domains nothing else; NULL says nothing.
            ConstrType::Undefined
            | ConstrType::ConstrNull
            | ConstrType::ConstrIdentity
            | ConstrType::ConstrGenerated
            | ConstrType::ConstrPrimary
            | ConstrType::ConstrUnique
            | ConstrType::ConstrExclusion
            | ConstrType::ConstrForeign
            | ConstrType::ConstrAttrDeferrable
            | ConstrType::ConstrAttrNotDeferrable
            | ConstrType::ConstrAttrDeferred
            | ConstrType::ConstrAttrImmediate
            | ConstrType::ConstrAttrEnforced
            | ConstrType::ConstrAttrNotEnforced => {}
        }
        Ok(())
    }

    fn domain_check_name(&self, oid: Oid, given: Option<String>) -> Outcome<String> {
        let Some(ty) = self.catalog.user_type(oid) else {
            return Ok(given.unwrap_or_default());
        };
        let UserTypeKind::Domain(domain) = &ty.kind else {
            return Ok(given.unwrap_or_default());
        };
        match given {
            Some(name) if domain.checks.iter().any(|check| check.name == name) => refuse(
                "42710",
                format!(
                    "constraint \"{name}\" for domain \"{}\" already exists",
                    ty.name.name
                ),
            ),
            Some(name) => Ok(name),
            None => Ok(self.catalog.choose_constraint_name(
                &ty.name.name,
                None,
                "check",
                &ty.name.schema,
                &[],
            )),
        }
    }

    fn edit_domain(&mut self, oid: Oid, change: impl FnOnce(&mut Domain)) {
        self.catalog.edit_type(oid, |ty| {
            if let UserTypeKind::Domain(domain) = &mut ty.kind {
                change(domain);
            }
        });
    }

    pub(super) fn alter_domain(&mut self, stmt: &AlterDomainStmt) -> Outcome {
        let parts = strings(&stmt.type_name);
        let Some((schema, name)) = split_name(&parts) else {
            return Ok(());
        };
        let found = self
            .catalog
            .lookup_type(schema, name, &self.session.settings);
        let Some(oid) = found else {
            return self.missing(schema, || {
                ("42704", format!("type \"{name}\" does not exist"))
            });
        };
        let kind = self.catalog.user_type(oid).map(|ty| &ty.kind);
        let Some(UserTypeKind::Domain(domain)) = kind else {
            return refuse("42809", format!("\"{name}\" is not a domain"));
        };
        match stmt.subtype.as_str() {
            "T" => {
                let default = stmt
                    .def
                    .as_deref()
                    .map(|expression| self.stored(expression, oid));
                self.edit_domain(oid, |domain| domain.default = default);
            }
            "N" => {
                self.edit_domain(oid, |domain| domain.not_null = false);
            }
            "O" => {
                self.edit_domain(oid, |domain| domain.not_null = true);
            }
            "C" => {
                if let Some(NodeEnum::Constraint(constraint)) =
                    stmt.def.as_deref().and_then(|def| def.node.as_ref())
                {
                    self.add_domain_constraint(oid, constraint, false)?;
                }
            }
            "X" => {
                let exists = domain.checks.iter().any(|check| check.name == stmt.name);
                let not_null = stmt.name.ends_with("_not_null");
                if !exists && !stmt.missing_ok && !not_null {
                    return refuse(
                        "42704",
                        format!(
                            "constraint \"{}\" of domain \"{name}\" does not exist",
                            stmt.name
                        ),
                    );
                }
                let drops_not_null = !exists && not_null && self.since(17);
                self.edit_domain(oid, |domain| {
                    domain.checks.retain(|check| check.name != stmt.name);
                    domain.not_null &= !drops_not_null;
                });
            }
            "V" => {
                if !domain.checks.iter().any(|check| check.name == stmt.name) {
                    return refuse(
                        "42704",
                        format!(
                            "constraint \"{}\" of domain \"{name}\" does not exist",
                            stmt.name
                        ),
                    );
                }
                self.edit_domain(oid, |domain| {
                    for check in &mut domain.checks {
                        check.valid |= check.name == stmt.name;
                    }
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// CREATE TYPE ... AS (...): a relation without storage, and its type.
    pub(super) fn create_composite(&mut self, stmt: &CompositeTypeStmt) -> Outcome {
        let Some(range_var) = &stmt.typevar else {
            return Ok(());
        };
        let name = self.new_relation_name(range_var)?;
        if self.catalog.type_oid(&name).is_some() {
            return refuse("42710", format!("type \"{}\" already exists", name.name));
        }
        self.make_room(&name)?;
        let mut columns = Vec::new();
        for column in &stmt.coldeflist {
            if let Some(NodeEnum::ColumnDef(def)) = &column.node {
                columns.push(self.bare_column(def));
            }
        }
        let oid = self.catalog.new_oid();
        let relation = Relation::new(oid, name, RelationKind::CompositeType, self.birth());
        self.insert_table(relation, columns);
        Ok(())
    }

    /// Keeps the type's attributes equal to the columns of its relation, after ALTER TYPE.
    pub(super) fn sync_composite(&mut self, relation: Oid) {
        let Some(relation) = self.catalog.relation(relation) else {
            return;
        };
        if relation.kind != RelationKind::CompositeType {
            return;
        }
        let current: Vec<(String, Type)> = relation
            .columns
            .iter()
            .map(|column| (column.name.clone(), column.ty.clone()))
            .collect();
        if let Some(ty) = self.catalog.type_oid(&relation.name) {
            self.catalog.edit_type(ty, |ty| {
                if let UserTypeKind::Composite { attributes } = &mut ty.kind {
                    *attributes = current;
                }
            });
        }
    }

    /// CREATE TYPE ... AS RANGE; from 14 on a multirange type comes with it.
    pub(super) fn create_range(&mut self, stmt: &CreateRangeStmt) -> Outcome {
        let mut subtype = Type::unknown("");
        let mut multirange = None;
        for parameter in &stmt.params {
            let Some(NodeEnum::DefElem(parameter)) = &parameter.node else {
                continue;
            };
            let Some(NodeEnum::TypeName(name)) =
                parameter.arg.as_ref().and_then(|arg| arg.node.as_ref())
            else {
                continue;
            };
            match parameter.defname.as_str() {
                "subtype" => {
                    subtype = self.catalog.resolve_type(name, &self.session.settings);
                }
                "multirange_type_name" => multirange = Some(name.names.clone()),
                _ => {}
            }
        }
        let kind = UserTypeKind::Range {
            subtype: subtype.clone(),
        };
        let Some(oid) = self.create_type(&stmt.type_name, kind)? else {
            return Ok(());
        };
        self.note_type(&subtype, oid);
        if !self.since(14) {
            return Ok(());
        }
        if let Some(name) = multirange {
            self.create_type(&name, UserTypeKind::Base)?;
            return Ok(());
        }
        let Some(name) = self.catalog.user_type(oid).map(|ty| ty.name.clone()) else {
            return Ok(());
        };
        let multirange = self.catalog.new_oid();
        let birth = self.birth();
        self.catalog.insert_type(UserType {
            oid: multirange,
            name: QualifiedName::new(name.schema, multirange_name(&name.name)),
            kind: UserTypeKind::Base,
            birth,
            extension: None,
        });
        Ok(())
    }

    /// CREATE TYPE name, CREATE TYPE name (INPUT = ...).
    pub(super) fn create_base_type(&mut self, stmt: &DefineStmt) -> Outcome {
        self.create_type(&stmt.defnames, UserTypeKind::Base)?;
        Ok(())
    }
}

/// `makeMultirangeTypeName` in src/backend/catalog/pg_type.c.
fn multirange_name(range: &str) -> String {
    let name = match range.find("range") {
        Some(at) => format!("{}multi{}", &range[..at], &range[at..]),
        None => format!(
            "{}_multirange",
            clip(range, MAX_NAME_LENGTH - "_multirange".len())
        ),
    };
    clip(&name, MAX_NAME_LENGTH).to_owned()
}
