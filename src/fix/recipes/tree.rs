//! Parse trees back to SQL: clauses of the user's statement with something added or left out.

use pg_query::protobuf::{
    self, AlterTableCmd, AlterTableStmt, AlterTableType, Constraint, ObjectType, ParseResult,
    RangeVar, RawStmt, ResTarget, SelectStmt, TypeName,
};
use pg_query::{Node, NodeEnum};

use crate::catalog::QualifiedName;
use crate::lint::Context;

/// A whole statement, without `;`. None for what cannot be written.
pub fn statement(node: NodeEnum) -> Option<String> {
    let tree = ParseResult {
        version: 0,
        stmts: vec![RawStmt {
            stmt: Some(Box::new(Node { node: Some(node) })),
            stmt_location: 0,
            stmt_len: 0,
        }],
    };
    pg_query::deparse(&tree, Default::default()).ok()
}

/// An expression.
pub fn expression(node: &Node) -> Option<String> {
    let select = SelectStmt {
        target_list: vec![wrap(NodeEnum::ResTarget(Box::new(ResTarget {
            val: Some(Box::new(node.clone())),
            ..ResTarget::default()
        })))],
        limit_option: protobuf::LimitOption::Default as i32,
        op: protobuf::SetOperation::SetopNone as i32,
        ..SelectStmt::default()
    };
    let text = statement(NodeEnum::SelectStmt(Box::new(select)))?;
    Some(text.strip_prefix("SELECT ")?.to_owned())
}

/// A type as the user wrote it.
pub fn type_name(name: &TypeName) -> Option<String> {
    let null = protobuf::AConst {
        isnull: true,
        location: -1,
        val: None,
    };
    let cast = protobuf::TypeCast {
        arg: Some(Box::new(wrap(NodeEnum::AConst(null)))),
        type_name: Some(name.clone()),
        location: -1,
    };
    let text = expression(&wrap(NodeEnum::TypeCast(Box::new(cast))))?;
    Some(text.strip_prefix("NULL::")?.to_owned())
}

pub fn wrap(node: NodeEnum) -> Node {
    Node { node: Some(node) }
}

/// `ALTER TABLE t` with one subcommand, and `;`.
pub fn alter(table: &QualifiedName, only: bool, command: AlterTableCmd) -> Option<String> {
    let stmt = AlterTableStmt {
        relation: Some(range_var(table, !only)),
        cmds: vec![wrap(NodeEnum::AlterTableCmd(Box::new(command)))],
        objtype: ObjectType::ObjectTable as i32,
        missing_ok: false,
    };
    Some(format!("{};", statement(NodeEnum::AlterTableStmt(stmt))?))
}

/// `ALTER TABLE t ADD` a table constraint, and `;`.
pub fn add(table: &QualifiedName, only: bool, constraint: Constraint) -> Option<String> {
    let command = AlterTableCmd {
        subtype: AlterTableType::AtAddConstraint as i32,
        def: Some(Box::new(wrap(NodeEnum::Constraint(Box::new(constraint))))),
        behavior: protobuf::DropBehavior::DropRestrict as i32,
        ..AlterTableCmd::default()
    };
    alter(table, only, command)
}

pub fn range_var(name: &QualifiedName, inherited: bool) -> RangeVar {
    RangeVar {
        schemaname: match name.schema.as_str() {
            "public" => String::new(),
            schema => schema.to_owned(),
        },
        relname: name.name.clone(),
        inh: inherited,
        relpersistence: "p".to_owned(),
        location: -1,
        ..RangeVar::default()
    }
}

/// A relation that the statement names, by the name that it has wherever the step runs.
pub fn resolved(cx: &Context<'_>, name: &RangeVar) -> RangeVar {
    let found = cx
        .before
        .lookup_range_var(name, &cx.session.settings)
        .and_then(|oid| cx.before.name_of(oid));
    match found {
        Some(found) => RangeVar {
            alias: name.alias.clone(),
            ..range_var(found, name.inh)
        },
        None => name.clone(),
    }
}
