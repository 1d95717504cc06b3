//! Column definitions of CREATE TABLE and ADD COLUMN, with the constraints written inline
//! (`transformColumnDefinition` in src/backend/parser/parse_utilcmd.c).

use std::sync::Arc;

use pg_query::protobuf::{self, ColumnDef, ConstrType, Constraint};
use pg_query::{Node, NodeEnum};

use super::spec::{
    CheckSpec, ForeignKeySpec, IndexConstraint, IndexSpec, KeySpec, NotNullSpec, SequenceSpec,
    TableSpec, action, dotted, given, name_list, options,
};
use super::{Outcome, Replay, refuse};
use crate::catalog::expression::parse_name;
use crate::catalog::resolve::{split_name, truncate_name};
use crate::catalog::type_name::serial_type;
use crate::catalog::{
    Column, Generated, Identity, IndexKey, IndexTarget, NotNull, QualifiedName, Type,
};

/// The table that a column definition belongs to.
pub(super) struct Owner<'a> {
    pub table: &'a QualifiedName,
    /// CREATE TABLE: nothing else can be in it, so constraints are valid at once.
    pub new: bool,
}

/// The attributes that follow an inline constraint as separate list items.
#[derive(Clone, Copy)]
struct Trailing {
    deferrable: bool,
    initially_deferred: bool,
    enforced: bool,
}

impl Replay<'_> {
    /// Adds a column definition and everything its inline constraints bring.
    pub(super) fn column(
        &mut self,
        def: &ColumnDef,
        owner: &Owner,
        spec: &mut TableSpec,
    ) -> Outcome {
        let mut column = self.bare_column(def);
        let serial = def.type_name.as_ref().and_then(serial_type);
        let mut needs_not_null = false;
        if let Some(ty) = serial {
            let sequence = self.serial_sequence(&column.name, owner, Type::builtin(ty));
            column.default = Some(Arc::new(nextval(&sequence.name)));
            spec.sequences.push(sequence);
            needs_not_null = true;
        }
        let mut nullable = false;
        for (constraint, trailing) in inline_constraints(&def.constraints) {
            match constraint.contype() {
                ConstrType::ConstrNull => {
                    if column.not_null != NotNull::No || needs_not_null {
                        return conflicting_null(&column.name, owner);
                    }
                    nullable = true;
                }
                ConstrType::ConstrNotnull => {
                    if nullable {
                        return conflicting_null(&column.name, owner);
                    }
                    declare_not_null(&mut column, constraint, owner, spec);
                }
                ConstrType::ConstrDefault => {
                    if column.default.is_some() {
                        return refuse(
                            "42601",
                            format!(
                                "multiple default values specified for column \"{}\" of table \"{}\"",
                                column.name, owner.table.name
                            ),
                        );
                    }
                    column.default = constraint.raw_expr.as_deref().cloned().map(Arc::new);
                }
                ConstrType::ConstrIdentity => {
                    if column.identity.is_some() {
                        return refuse(
                            "42601",
                            format!(
                                "multiple identity specifications for column \"{}\" of table \"{}\"",
                                column.name, owner.table.name
                            ),
                        );
                    }
                    column.identity = Some(identity_kind(&constraint.generated_when));
                    let sequence = self.identity_sequence(
                        &column.name,
                        owner.table,
                        column.ty.clone(),
                        &constraint.options,
                    );
                    spec.sequences.push(sequence);
                    needs_not_null = true;
                }
                ConstrType::ConstrGenerated => {
                    column.generated = generated(constraint);
                }
                ConstrType::ConstrCheck => {
                    spec.checks
                        .extend(check_spec(constraint, trailing.enforced, owner.new));
                }
                ConstrType::ConstrPrimary => {
                    needs_not_null = true;
                    let mut index = index_spec(constraint, &[column.name.clone()]);
                    index.deferrable = trailing.deferrable;
                    spec.indexes.push(index);
                }
                ConstrType::ConstrUnique => {
                    let mut index = index_spec(constraint, &[column.name.clone()]);
                    index.deferrable = trailing.deferrable;
                    spec.indexes.push(index);
                }
                ConstrType::ConstrForeign => {
                    let mut key = foreign_key_spec(constraint, owner.new);
                    key.columns = vec![column.name.clone()];
                    key.deferrable = trailing.deferrable;
                    key.initially_deferred = trailing.initially_deferred;
                    key.enforced = trailing.enforced;
                    key.valid = trailing.enforced;
                    spec.foreign_keys.push(key);
                }
                // Exclusion constraints are never inline; the rest was read as trailing attributes.
                ConstrType::Undefined
                | ConstrType::ConstrExclusion
                | ConstrType::ConstrAttrDeferrable
                | ConstrType::ConstrAttrNotDeferrable
                | ConstrType::ConstrAttrDeferred
                | ConstrType::ConstrAttrImmediate
                | ConstrType::ConstrAttrEnforced
                | ConstrType::ConstrAttrNotEnforced => {}
            }
        }
        if needs_not_null && column.not_null == NotNull::No {
            if nullable {
                return conflicting_null(&column.name, owner);
            }
            column.not_null = NotNull::Valid;
            spec.not_nulls.push(NotNullSpec::unnamed(&column.name));
        }
        spec.columns.push(column);
        Ok(())
    }

    /// A column with its name, type and collation only.
    pub(super) fn bare_column(&self, def: &ColumnDef) -> Column {
        let ty = match &def.type_name {
            Some(name) => match serial_type(name) {
                Some(ty) => Type::builtin(ty),
                None => self.catalog.resolve_type(name, &self.session.settings),
            },
            None => Type::unknown(""),
        };
        let collation = def
            .coll_clause
            .as_ref()
            .and_then(|clause| dotted(&clause.collname));
        Column {
            name: truncate_name(&def.colname).to_owned(),
            ty,
            not_null: NotNull::No,
            default: None,
            generated: None,
            identity: None,
            collation,
            local: true,
            inherited: 0,
        }
    }

    fn serial_sequence(&self, column: &str, owner: &Owner, ty: Type) -> SequenceSpec {
        SequenceSpec {
            name: self.sequence_name(column, owner.table),
            ty: Some(ty),
            column: column.to_owned(),
            identity: false,
            unlogged: None,
        }
    }

    /// The sequence of an identity column; its options may name it.
    pub(super) fn identity_sequence(
        &self,
        column: &str,
        table: &QualifiedName,
        ty: Type,
        options: &[Node],
    ) -> SequenceSpec {
        let mut name = None;
        let mut unlogged = None;
        for option in options {
            let Some(NodeEnum::DefElem(option)) = &option.node else {
                continue;
            };
            match (option.defname.as_str(), option.arg.as_deref()) {
                (
                    "sequence_name",
                    Some(Node {
                        node: Some(NodeEnum::List(list)),
                    }),
                ) => {
                    let parts = name_list(&list.items);
                    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
                    name = split_name(&parts).map(|(schema, name)| {
                        QualifiedName::new(schema.unwrap_or(&table.schema), name)
                    });
                }
                ("logged", _) => unlogged = Some(false),
                ("unlogged", _) => unlogged = Some(true),
                _ => {}
            }
        }
        SequenceSpec {
            name: name.unwrap_or_else(|| self.sequence_name(column, table)),
            ty: Some(Type {
                modifiers: Vec::new(),
                ..ty
            }),
            column: column.to_owned(),
            identity: true,
            unlogged,
        }
    }

    fn sequence_name(&self, column: &str, table: &QualifiedName) -> QualifiedName {
        let name = self.catalog.choose_relation_name(
            &table.name,
            Some(column),
            "seq",
            &table.schema,
            false,
        );
        QualifiedName::new(table.schema.clone(), name)
    }
}

fn conflicting_null<T>(column: &str, owner: &Owner) -> Outcome<T> {
    refuse(
        "42601",
        format!(
            "conflicting NULL/NOT NULL declarations for column \"{column}\" of table \"{}\"",
            owner.table.name
        ),
    )
}

fn declare_not_null(
    column: &mut Column,
    constraint: &Constraint,
    owner: &Owner,
    spec: &mut TableSpec,
) {
    let valid = owner.new || !constraint.skip_validation;
    if column.not_null != NotNull::No {
        let existing = spec
            .not_nulls
            .iter_mut()
            .find(|not_null| not_null.column == column.name && not_null.name.is_none());
        if let Some(existing) = existing {
            existing.name = given(&constraint.conname);
        }
        return;
    }
    column.not_null = if valid {
        NotNull::Valid
    } else {
        NotNull::NotValid
    };
    spec.not_nulls.push(NotNullSpec {
        column: column.name.clone(),
        name: given(&constraint.conname),
        no_inherit: constraint.is_no_inherit,
        valid,
    });
}

/// The constraints of a column, each with the attributes that follow it.
fn inline_constraints(nodes: &[Node]) -> impl Iterator<Item = (&Constraint, Trailing)> {
    let constraint = |node: &'_ Node| -> Option<ConstrType> {
        match &node.node {
            Some(NodeEnum::Constraint(constraint)) => Some(constraint.contype()),
            _ => None,
        }
    };
    nodes.iter().enumerate().filter_map(move |(at, node)| {
        let Some(NodeEnum::Constraint(this)) = &node.node else {
            return None;
        };
        let mut trailing = Trailing {
            deferrable: this.deferrable,
            initially_deferred: this.initdeferred,
            enforced: true,
        };
        for following in nodes[at + 1..].iter().filter_map(constraint) {
            match following {
                ConstrType::ConstrAttrDeferrable => trailing.deferrable = true,
                ConstrType::ConstrAttrDeferred => {
                    trailing.deferrable = true;
                    trailing.initially_deferred = true;
                }
                ConstrType::ConstrAttrNotDeferrable
                | ConstrType::ConstrAttrImmediate
                | ConstrType::ConstrAttrEnforced => {}
                ConstrType::ConstrAttrNotEnforced => trailing.enforced = false,
                _ => break,
            }
        }
        Some((this.as_ref(), trailing))
    })
}

impl NotNullSpec {
    pub(super) fn unnamed(column: &str) -> Self {
        NotNullSpec {
            column: column.to_owned(),
            name: None,
            no_inherit: false,
            valid: true,
        }
    }
}

/// Adds a constraint that is written beside the columns (`transformTableConstraint`).
pub(super) fn table_constraint(constraint: &Constraint, new: bool, spec: &mut TableSpec) {
    match constraint.contype() {
        ConstrType::ConstrCheck => {
            spec.checks
                .extend(check_spec(constraint, constraint.is_enforced, new));
        }
        ConstrType::ConstrNotnull => spec.not_nulls.extend(not_null_spec(constraint, new)),
        ConstrType::ConstrPrimary | ConstrType::ConstrUnique | ConstrType::ConstrExclusion => {
            spec.indexes
                .push(index_spec(constraint, &name_list(&constraint.keys)));
        }
        ConstrType::ConstrForeign => spec.foreign_keys.push(foreign_key_spec(constraint, new)),
        // Only ever inline.
        ConstrType::Undefined
        | ConstrType::ConstrNull
        | ConstrType::ConstrDefault
        | ConstrType::ConstrIdentity
        | ConstrType::ConstrGenerated
        | ConstrType::ConstrAttrDeferrable
        | ConstrType::ConstrAttrNotDeferrable
        | ConstrType::ConstrAttrDeferred
        | ConstrType::ConstrAttrImmediate
        | ConstrType::ConstrAttrEnforced
        | ConstrType::ConstrAttrNotEnforced => {}
    }
}

fn not_null_spec(constraint: &Constraint, new: bool) -> Option<NotNullSpec> {
    Some(NotNullSpec {
        column: name_list(&constraint.keys).into_iter().next()?,
        name: given(&constraint.conname),
        no_inherit: constraint.is_no_inherit,
        valid: new || !constraint.skip_validation,
    })
}

fn check_spec(constraint: &Constraint, enforced: bool, new: bool) -> Option<CheckSpec> {
    Some(CheckSpec {
        name: given(&constraint.conname),
        expression: Arc::new(constraint.raw_expr.as_deref()?.clone()),
        valid: enforced && (new || !constraint.skip_validation),
        enforced,
        no_inherit: constraint.is_no_inherit,
    })
}

/// PRIMARY KEY, UNIQUE or EXCLUDE as the index it makes (`transformIndexConstraint`).
pub(super) fn index_spec(constraint: &Constraint, keys: &[String]) -> IndexSpec {
    let mut spec = IndexSpec::new();
    spec.name = given(&constraint.conname);
    spec.constraint = Some(match constraint.contype() {
        ConstrType::ConstrPrimary => IndexConstraint::PrimaryKey,
        ConstrType::ConstrExclusion => IndexConstraint::Exclusion,
        _ => IndexConstraint::Unique,
    });
    spec.unique = constraint.contype() != ConstrType::ConstrExclusion;
    if let Some(method) = given(&constraint.access_method) {
        spec.method = method;
    } else if constraint.without_overlaps {
        spec.method = "gist".to_owned();
    }
    spec.keys = keys.iter().map(|key| plain_key(key)).collect();
    for exclusion in &constraint.exclusions {
        spec.keys.extend(exclusion_key(exclusion));
    }
    spec.include = name_list(&constraint.including);
    spec.predicate = constraint.where_clause.as_deref().cloned().map(Arc::new);
    spec.nulls_not_distinct = constraint.nulls_not_distinct;
    spec.deferrable = constraint.deferrable;
    spec.options = options(&constraint.options);
    spec.tablespace = given(&constraint.indexspace);
    spec.existing = given(&constraint.indexname);
    spec
}

/// A key that is a column, with everything by default.
pub(super) fn plain_key(column: &str) -> KeySpec {
    KeySpec {
        key: IndexKey {
            target: IndexTarget::Column(column.to_owned()),
            opclass: None,
            collation: None,
            descending: false,
            nulls_first: false,
        },
        name: Some(column.to_owned()),
        operator: None,
    }
}

/// One `element WITH operator` of EXCLUDE.
fn exclusion_key(node: &Node) -> Option<KeySpec> {
    let Some(NodeEnum::List(pair)) = &node.node else {
        return None;
    };
    let [element, operator] = pair.items.as_slice() else {
        return None;
    };
    let Some(NodeEnum::IndexElem(element)) = &element.node else {
        return None;
    };
    let mut key = super::index::key_spec(element)?;
    key.operator = match &operator.node {
        Some(NodeEnum::List(name)) => dotted(&name.items),
        _ => None,
    };
    Some(key)
}

pub(super) fn foreign_key_spec(constraint: &Constraint, new: bool) -> ForeignKeySpec {
    ForeignKeySpec {
        name: given(&constraint.conname),
        columns: name_list(&constraint.fk_attrs),
        table: constraint.pktable.clone(),
        referenced_columns: name_list(&constraint.pk_attrs),
        on_delete: action(&constraint.fk_del_action),
        on_update: action(&constraint.fk_upd_action),
        deferrable: constraint.deferrable,
        initially_deferred: constraint.initdeferred,
        valid: constraint.is_enforced && (new || !constraint.skip_validation),
        enforced: constraint.is_enforced,
        with_period: constraint.fk_with_period,
    }
}

fn generated(constraint: &Constraint) -> Option<Generated> {
    Some(Generated {
        stored: constraint.generated_kind != "v",
        expression: Arc::new(constraint.raw_expr.as_deref()?.clone()),
    })
}

pub(super) fn identity_kind(code: &str) -> Identity {
    if code == "d" {
        Identity::ByDefault
    } else {
        Identity::Always
    }
}

/// `nextval('schema.sequence'::regclass)`, the default of a serial column.
pub(super) fn nextval(sequence: &QualifiedName) -> Node {
    let string = |text: &str| Node {
        node: Some(NodeEnum::String(protobuf::String {
            sval: text.to_owned(),
        })),
    };
    let name = Node {
        node: Some(NodeEnum::AConst(protobuf::AConst {
            isnull: false,
            location: -1,
            val: Some(protobuf::a_const::Val::Sval(protobuf::String {
                sval: quoted(sequence),
            })),
        })),
    };
    let regclass = protobuf::TypeName {
        names: vec![string("pg_catalog"), string("regclass")],
        typemod: -1,
        location: -1,
        ..Default::default()
    };
    let cast = Node {
        node: Some(NodeEnum::TypeCast(Box::new(protobuf::TypeCast {
            arg: Some(Box::new(name)),
            type_name: Some(regclass),
            location: -1,
        }))),
    };
    let mut call = protobuf::FuncCall {
        funcname: vec![string("pg_catalog"), string("nextval")],
        args: vec![cast],
        location: -1,
        ..Default::default()
    };
    call.set_funcformat(protobuf::CoercionForm::CoerceExplicitCall);
    Node {
        node: Some(NodeEnum::FuncCall(Box::new(call))),
    }
}

/// `schema.name`, each quoted where it has to be.
pub(super) fn quoted(name: &QualifiedName) -> String {
    let quote = |part: &str| match parse_name(part).as_slice() {
        [plain] if plain == part && part.chars().all(|c| c.is_alphanumeric() || c == '_') => {
            part.to_owned()
        }
        _ => format!("\"{}\"", part.replace('"', "\"\"")),
    };
    format!("{}.{}", quote(&name.schema), quote(&name.name))
}
