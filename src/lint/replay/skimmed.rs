//! A parse tree that stands in for one that there is not: what the leading tokens say, and no more.

use pg_query::NodeEnum;
use pg_query::protobuf::{DeleteStmt, InsertStmt, RangeVar, UpdateStmt};

use crate::sql::Skim;

/// An INSERT of rows, or an UPDATE or DELETE without WHERE, of the relation that the skim names.
/// None where that would say too little.
pub fn stand_in(skim: &Skim) -> Option<NodeEnum> {
    let relation = Some(range_var(&skim.relation)?);
    match skim.command.as_str() {
        "insert" => Some(NodeEnum::InsertStmt(Box::new(InsertStmt {
            relation,
            ..InsertStmt::default()
        }))),
        "update" => Some(NodeEnum::UpdateStmt(Box::new(UpdateStmt {
            relation,
            ..UpdateStmt::default()
        }))),
        "delete" => Some(NodeEnum::DeleteStmt(Box::new(DeleteStmt {
            relation,
            ..DeleteStmt::default()
        }))),
        _ => None,
    }
}

fn range_var(parts: &[String]) -> Option<RangeVar> {
    let (name, qualifiers) = parts.split_last()?;
    Some(RangeVar {
        relname: name.clone(),
        schemaname: qualifiers.last().cloned().unwrap_or_default(),
        inh: true,
        relpersistence: "p".to_owned(),
        location: -1,
        ..RangeVar::default()
    })
}
