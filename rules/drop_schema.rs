//! DROP SCHEMA ... CASCADE.

use pg_query::NodeEnum;
use pg_query::protobuf::{DropBehavior, ObjectType};

use crate::lint::parts::{listed, name_parts};
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let NodeEnum::DropStmt(stmt) = cx.node else {
        return;
    };
    // Without CASCADE only an empty schema can be dropped.
    let cascades = stmt.behavior() == DropBehavior::DropCascade;
    if stmt.remove_type() != ObjectType::ObjectSchema || !cascades || cx.fails() {
        return;
    }
    let difference = cx.difference();
    for schema in stmt
        .objects
        .iter()
        .filter_map(|object| name_parts(object).pop())
    {
        let there = cx.before.has_schema(&schema);
        let made_here = there && !cx.start.has_schema(&schema);
        let made_by_up = cx
            .migration
            .before_up
            .is_some_and(|earlier| !earlier.has_schema(&schema));
        if made_here || made_by_up || !there && cx.before.complete {
            continue;
        }
        let contents: Vec<String> = difference
            .removed_relations
            .iter()
            .filter(|relation| relation.name.schema == schema && relation.owned_by.is_none())
            .map(|relation| format!("{} {}", relation.kind.noun(), short_name(&relation.name)))
            .collect();
        let what = if contents.is_empty() {
            "every table, view, function and type in it".to_owned()
        } else {
            format!("{}, and whatever else is in it,", listed(&contents))
        };
        report.push(
            Finding::new(
                cx.span.clone(),
                "drops what is in the schema, and what depends on it elsewhere",
                format!("schema {schema} is lost with all rows: {what} goes"),
            )
            .help(format!(
                "drop what is in {schema} by name, then the schema without CASCADE: PostgreSQL refuses if something is left"
            )),
        );
    }
}
