//! ADD COLUMN of a domain with constraints: the table is rewritten even without a default.

use crate::catalog::{BaseType, Catalog, Type, UserTypeKind};
use crate::effects::{Reason, Target};
use crate::fix::recipes::{own, promise};
use crate::lint::wording::{derived_name, ident, sql_name};
use crate::lint::{Check, Context, Finding, Recipe, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let causes = cx.blocking_causes(report, |work| {
        matches!(work.reason, Reason::ConstrainedDomain { .. })
    });
    for cause in causes {
        let Reason::ConstrainedDomain { column, domain } = &cause.work.reason else {
            continue;
        };
        let relation = cx.subject(cause.work);
        let table = short_name(&relation.name);
        let finding = Finding::new(
            cause.work.span.clone(),
            format!("the constraints of domain {domain} are checked for every existing row"),
            format!("{table} is rewritten with all its indexes while its reads and writes wait"),
        )
        .help(format!(
            "add {column} with the type under {domain}, and the domain's condition as a CHECK of the table: NOT VALID first, then VALIDATE"
        ))
        .recipe(recipe(cx, relation, column))
        .about(&relation.name);
        report.push_about(cause.at, finding);
    }
}

fn recipe(cx: &Context<'_>, relation: &Target, column: &str) -> Recipe {
    let table = sql_name(&relation.name);
    let quoted = ident(column);
    let added = relation
        .oid
        .and_then(|oid| cx.after.relation(oid)?.column(column));
    let ty = added.map_or_else(
        || "...".to_owned(),
        |added| cx.after.type_display(&under(cx.after, &added.ty)),
    );
    let name = derived_name(&[relation.name.name.as_str(), column, "check"]);
    let mut steps = vec![own(
        "free",
        format!("ALTER TABLE {table} ADD COLUMN {quoted} {ty};"),
    )];
    steps.extend(promise(
        &table,
        &name,
        &format!("CHECK ({quoted} ...the domain's condition...)"),
    ));
    Recipe {
        title: "the plain type, and the condition on the table".to_owned(),
        steps,
    }
}

/// The type under any domains.
fn under(catalog: &Catalog, ty: &Type) -> Type {
    let mut ty = ty.clone();
    while let BaseType::User(oid) = ty.base
        && !ty.array
        && let Some(UserTypeKind::Domain(domain)) = catalog.user_type(oid).map(|found| &found.kind)
    {
        ty = domain.base.clone();
    }
    ty
}
