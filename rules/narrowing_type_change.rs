//! A column's new type that holds less than its old one.

use crate::catalog::Type;
use crate::effects::ChangeKind;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    for change in &cx.effects.changes {
        let ChangeKind::ColumnTypeChanged {
            relation,
            column,
            from,
            to,
        } = &change.kind
        else {
            continue;
        };
        let oid = relation.oid;
        let old = oid.and_then(|oid| cx.before.relation(oid)?.column(column));
        let new = oid.and_then(|oid| cx.after.relation(oid)?.column(column));
        let (Some(old), Some(new)) = (old, new) else {
            continue;
        };
        let restored = cx
            .to_restore(&relation.name)
            .and_then(|earlier| earlier.column(column))
            .is_some_and(|earlier| earlier.ty == new.ty);
        if relation.new || restored || cx.is_new_column(relation, column) {
            continue;
        }
        let Some(fate) = fate(&old.ty, &new.ty) else {
            continue;
        };
        let table = short_name(&relation.name);
        let finding = Finding::new(
            change.span.clone(),
            format!("{to} holds less than {from}"),
            format!("values of {table}.{column} that do not fit in {to} {fate}"),
        )
        .help(format!(
            "let a CHECK on {column} say the limit first, NOT VALID and then validated: it names the rows that do not fit while nobody waits"
        ))
        .about(&relation.name);
        report.push(finding);
    }
}

const FAILS: &str = "make the migration fail, and writers that still send them fail afterwards";
const ROUNDED: &str = "are rounded without a word, or make the migration fail";
const CUT: &str = "lose what does not fit, without a word";

/// What becomes of the values that do not fit; none when all fit, or when it is not known.
fn fate(from: &Type, to: &Type) -> Option<&'static str> {
    let (old, new) = (from.builtin_name()?, to.builtin_name()?);
    let limit = |ty: &Type| ty.modifiers.first().copied();
    let tighter = |default: Option<i32>| match (limit(from).or(default), limit(to).or(default)) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(old), Some(new)) => new < old,
    };
    match (old, new) {
        ("int8", "int4" | "int2") | ("int4", "int2") => Some(FAILS),
        ("numeric" | "float8" | "float4", "int8" | "int4" | "int2") => Some(ROUNDED),
        ("float8", "float4") => Some(ROUNDED),
        ("numeric", "numeric") => numeric(&from.modifiers, &to.modifiers),
        ("text", "varchar" | "bpchar") if limit(to).is_some() => Some(FAILS),
        ("varchar" | "bpchar", "varchar" | "bpchar") => tighter(None).then_some(FAILS),
        ("timestamp" | "timestamptz", "date" | "time" | "timetz") => Some(CUT),
        ("timestamp" | "timestamptz", "timestamp" | "timestamptz") => {
            tighter(Some(6)).then_some(ROUNDED)
        }
        ("jsonb" | "json" | "text" | "bytea" | "xml", "bool") => Some(CUT),
        _ => None,
    }
}

/// Digits before the point decide what fails, those behind it what is rounded.
fn numeric(from: &[i32], to: &[i32]) -> Option<&'static str> {
    let precision = *to.first()?;
    let scale = to.get(1).copied().unwrap_or(0);
    let Some(&old_precision) = from.first() else {
        return Some(ROUNDED);
    };
    let old_scale = from.get(1).copied().unwrap_or(0);
    if scale < old_scale {
        return Some(ROUNDED);
    }
    (precision - scale < old_precision - old_scale).then_some(FAILS)
}
