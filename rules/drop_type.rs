//! DROP TYPE of a type that the migration did not make.

use pg_query::NodeEnum;
use pg_query::protobuf::{DropBehavior, ObjectType};

use crate::lint::parts::{listed, name_parts};
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let NodeEnum::DropStmt(stmt) = cx.node else {
        return;
    };
    if stmt.remove_type() != ObjectType::ObjectType || cx.fails() {
        return;
    }
    let columns = columns_lost(cx);
    for parts in stmt.objects.iter().map(name_parts) {
        let Some(name) = cx.type_name(&parts) else {
            continue;
        };
        let old = cx.before.type_oid(&name);
        let known = old.and_then(|oid| cx.before.user_type(oid));
        // A type that was moved out of the way for a new one has a name that nobody knows.
        let new_name =
            known.is_some_and(|ty| cx.made_here(ty.birth) || cx.start.type_oid(&name) != old);
        let made_by_up = cx
            .migration
            .before_up
            .is_some_and(|earlier| earlier.type_oid(&name).is_none());
        let missing = known.is_none() && stmt.missing_ok && cx.before.complete;
        if missing || (new_name || made_by_up) && columns.is_empty() {
            continue;
        }
        let short = short_name(&name);
        let message = if columns.is_empty() {
            format!("running code that names type {short} in a cast or a parameter fails")
        } else {
            format!(
                "{} with all values: they are of type {short}",
                lost(&columns)
            )
        };
        let help = if stmt.behavior() == DropBehavior::DropCascade {
            "drop or change the columns by name first, then the type without CASCADE: PostgreSQL refuses while one uses it"
                .to_owned()
        } else {
            format!(
                "first release code that does not name {short}; then drop it and say so: \
                 `-- humdrum: ignore drop-type: contract of <migration>, code released in <version>`"
            )
        };
        let finding = Finding::new(cx.span.clone(), format!("{short} is gone"), message).help(help);
        let stays = columns.is_empty();
        report.at_end(move |end| {
            let back = stays && end.after.type_oid(&name).is_some();
            (!back).then_some(finding)
        });
    }
}

fn lost(columns: &[String]) -> String {
    let verb = if columns.len() == 1 {
        "is lost"
    } else {
        "are lost"
    };
    format!("{} {verb}", listed(columns))
}

fn columns_lost(cx: &Context<'_>) -> Vec<String> {
    let difference = cx.difference();
    let changed = difference.changed_relations.iter();
    changed
        .filter(|(old, _)| !cx.made_here(old.birth))
        .flat_map(|(old, new)| {
            let gone = old
                .columns
                .iter()
                .filter(|column| new.column(&column.name).is_none());
            gone.map(|column| format!("{}.{}", short_name(&old.name), column.name))
        })
        .collect()
}
