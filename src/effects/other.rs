//! Effects of RENAME, SET SCHEMA, OWNER, COMMENT, GRANT and other utility statements.

use pg_query::NodeEnum;
use pg_query::protobuf::{
    AlterObjectDependsStmt, AlterObjectSchemaStmt, AlterOwnerStmt, AlterTableMoveAllStmt,
    CommentStmt, GrantStmt, ReassignOwnedStmt, RenameStmt, SecLabelStmt,
};

use super::Collector;

pub fn rename(_stmt: &RenameStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn set_schema(_stmt: &AlterObjectSchemaStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn owner(_stmt: &AlterOwnerStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn depends_on_extension(_stmt: &AlterObjectDependsStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn comment(_stmt: &CommentStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn security_label(_stmt: &SecLabelStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn grant(_stmt: &GrantStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn move_all(_stmt: &AlterTableMoveAllStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn reassign_owned(_stmt: &ReassignOwnedStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn outside_transaction_only(_node: &NodeEnum, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}
