//! The locks that parse analysis and the rewriter take: one on each relation that a query names
//! (`parserOpenTable` in src/backend/parser/parse_relation.c), and on what the views among them read
//! (`AcquireRewriteLocks` in src/backend/rewrite/rewriteHandler.c).

use std::ops::Range;

use pg_query::protobuf::{
    DeleteStmt, InsertStmt, LockingClause, MergeStmt, RangeVar, SelectStmt, UpdateStmt, WithClause,
};
use pg_query::{Node, NodeEnum, NodeRef};

use crate::catalog::{Oid, Policy, RelationKind};
use crate::effects::named::Named;
use crate::effects::{Collector, DmlCommand, LockMode};
use crate::sql::walk;

/// How far a query is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Parse analysis only: the definition of a view, CREATE TABLE AS ... WITH NO DATA.
    Analysed,
    /// And rewritten: PREPARE, the body of a function.
    Rewritten,
    /// And planned: EXPLAIN, DECLARE CURSOR.
    Planned,
    Executed,
}

/// Locks what a statement or expression names, as far as that stage does.
pub fn lock(node: &NodeEnum, stage: Stage, c: &mut Collector<'_>, span: &Range<usize>) {
    let mut mention = Mention {
        stage,
        span,
        ctes: Vec::new(),
    };
    mention.any(node.to_ref(), c);
}

struct Mention<'s> {
    stage: Stage,
    /// Of the statement; used where a name has no place of its own in it.
    span: &'s Range<usize>,
    /// The names of the CTEs in sight, innermost last.
    ctes: Vec<String>,
}

impl Mention<'_> {
    fn any(&mut self, node: NodeRef<'_>, c: &mut Collector<'_>) {
        match node {
            NodeRef::SelectStmt(stmt) => self.select(stmt, false, c),
            NodeRef::InsertStmt(stmt) => self.insert(stmt, c),
            NodeRef::UpdateStmt(stmt) => self.update(stmt, c),
            NodeRef::DeleteStmt(stmt) => self.delete(stmt, c),
            NodeRef::MergeStmt(stmt) => self.merge(stmt, c),
            NodeRef::RangeVar(name) => self.relation(name, LockMode::AccessShare, c),
            _ => self.below(node, c),
        }
    }

    fn below(&mut self, node: NodeRef<'_>, c: &mut Collector<'_>) {
        for child in walk::children(node) {
            self.any(child, c);
        }
    }

    fn node(&mut self, node: Option<&Node>, c: &mut Collector<'_>) {
        if let Some(node) = node.and_then(|node| node.node.as_ref()) {
            self.any(node.to_ref(), c);
        }
    }

    fn nodes(&mut self, nodes: &[Node], c: &mut Collector<'_>) {
        for node in nodes {
            self.node(Some(node), c);
        }
    }

    /// Analyses the CTEs and runs `body` with their names in sight.
    fn with(
        &mut self,
        clause: Option<&WithClause>,
        c: &mut Collector<'_>,
        body: impl FnOnce(&mut Self, &mut Collector<'_>),
    ) {
        let outside = self.ctes.len();
        let ctes = clause.map_or(&[][..], |clause| &clause.ctes);
        let recursive = clause.is_some_and(|clause| clause.recursive);
        let names = ctes.iter().filter_map(|node| match node.node.as_ref()? {
            NodeEnum::CommonTableExpr(cte) => Some(cte.ctename.clone()),
            _ => None,
        });
        if recursive {
            self.ctes.extend(names);
            self.nodes(ctes, c);
        } else {
            for (cte, name) in ctes.iter().zip(names) {
                self.node(Some(cte), c);
                self.ctes.push(name);
            }
        }
        body(self, c);
        self.ctes.truncate(outside);
    }

    /// `locked`: FOR UPDATE of an outer query reaches into this one.
    fn select(&mut self, stmt: &SelectStmt, locked: bool, c: &mut Collector<'_>) {
        self.with(stmt.with_clause.as_ref(), c, |this, c| {
            for item in &stmt.from_clause {
                this.item(item, &|alias| locked || is_locked(stmt, alias), c);
            }
            for arm in [&stmt.larg, &stmt.rarg].into_iter().flatten() {
                this.select(arm, locked, c);
            }
            this.nodes(&stmt.distinct_clause, c);
            this.nodes(&stmt.target_list, c);
            this.node(stmt.where_clause.as_deref(), c);
            this.nodes(&stmt.group_clause, c);
            this.node(stmt.having_clause.as_deref(), c);
            this.nodes(&stmt.window_clause, c);
            this.nodes(&stmt.values_lists, c);
            this.nodes(&stmt.sort_clause, c);
            this.node(stmt.limit_offset.as_deref(), c);
            this.node(stmt.limit_count.as_deref(), c);
        });
    }

    fn item(&mut self, item: &Node, locked: &dyn Fn(&str) -> bool, c: &mut Collector<'_>) {
        match &item.node {
            Some(NodeEnum::RangeVar(name)) => {
                let alias = name
                    .alias
                    .as_ref()
                    .map_or(&name.relname, |alias| &alias.aliasname);
                let mode = if locked(alias) {
                    LockMode::RowShare
                } else {
                    LockMode::AccessShare
                };
                self.relation(name, mode, c);
            }
            Some(NodeEnum::RangeSubselect(sub)) => {
                let alias = sub.alias.as_ref().map_or("", |alias| &alias.aliasname);
                let select = sub.subquery.as_ref().and_then(|node| node.node.as_ref());
                if let Some(NodeEnum::SelectStmt(select)) = select {
                    self.select(select, locked(alias), c);
                }
            }
            Some(NodeEnum::JoinExpr(join)) => {
                for side in [&join.larg, &join.rarg].into_iter().flatten() {
                    self.item(side, locked, c);
                }
                self.node(join.quals.as_deref(), c);
            }
            Some(NodeEnum::RangeTableSample(sample)) => {
                if let Some(relation) = &sample.relation {
                    self.item(relation, locked, c);
                }
                self.nodes(&sample.args, c);
            }
            Some(other) => self.below(other.to_ref(), c),
            None => {}
        }
    }

    fn insert(&mut self, stmt: &InsertStmt, c: &mut Collector<'_>) {
        self.with(stmt.with_clause.as_ref(), c, |this, c| {
            let reads = stmt.returning_clause.is_some() || stmt.on_conflict_clause.is_some();
            let commands: &[&str] = match reads {
                true => &["all", "insert", "select", "update"],
                false => &["all", "insert"],
            };
            this.target(stmt.relation.as_ref(), DmlCommand::Insert, commands, c);
            this.node(stmt.select_stmt.as_deref(), c);
            if let Some(conflict) = &stmt.on_conflict_clause {
                this.below(NodeRef::OnConflictClause(conflict), c);
            }
            this.returning(stmt.returning_clause.as_ref(), c);
        });
    }

    fn update(&mut self, stmt: &UpdateStmt, c: &mut Collector<'_>) {
        self.with(stmt.with_clause.as_ref(), c, |this, c| {
            let policies = ["all", "update", "select"];
            this.target(stmt.relation.as_ref(), DmlCommand::Update, &policies, c);
            this.nodes(&stmt.from_clause, c);
            this.nodes(&stmt.target_list, c);
            this.node(stmt.where_clause.as_deref(), c);
            this.returning(stmt.returning_clause.as_ref(), c);
        });
    }

    fn delete(&mut self, stmt: &DeleteStmt, c: &mut Collector<'_>) {
        self.with(stmt.with_clause.as_ref(), c, |this, c| {
            let reads = stmt.where_clause.is_some()
                || stmt.returning_clause.is_some()
                || !stmt.using_clause.is_empty();
            let commands: &[&str] = match reads {
                true => &["all", "delete", "select"],
                false => &["all", "delete"],
            };
            this.target(stmt.relation.as_ref(), DmlCommand::Delete, commands, c);
            this.nodes(&stmt.using_clause, c);
            this.node(stmt.where_clause.as_deref(), c);
            this.returning(stmt.returning_clause.as_ref(), c);
        });
    }

    fn merge(&mut self, stmt: &MergeStmt, c: &mut Collector<'_>) {
        self.with(stmt.with_clause.as_ref(), c, |this, c| {
            let policies = ["all", "insert", "update", "delete", "select"];
            match &stmt.relation {
                // Then a view is read as any other.
                Some(name) if super::targets::does_nothing(stmt) => {
                    let span = this.place(name, c);
                    let mode = LockMode::RowExclusive;
                    if let Some(oid) = c.lock_named(name, RelationKind::Table, mode, &span) {
                        lock_view_reads(oid, LockMode::AccessShare, c, &span);
                    }
                }
                name => this.target(name.as_ref(), DmlCommand::Merge, &policies, c),
            }
            this.node(stmt.source_relation.as_deref(), c);
            this.node(stmt.join_condition.as_deref(), c);
            this.nodes(&stmt.merge_when_clauses, c);
            this.returning(stmt.returning_clause.as_ref(), c);
        });
    }

    fn returning(
        &mut self,
        clause: Option<&pg_query::protobuf::ReturningClause>,
        c: &mut Collector<'_>,
    ) {
        if let Some(clause) = clause {
            self.nodes(&clause.exprs, c);
        }
    }

    /// The table that is written; a CTE's name never means it.
    /// `policies`: of which commands they apply.
    fn target(
        &mut self,
        name: Option<&RangeVar>,
        command: DmlCommand,
        policies: &[&str],
        c: &mut Collector<'_>,
    ) {
        let Some(name) = name else {
            return;
        };
        let span = self.place(name, c);
        if let Some(oid) = c.lock_named(name, RelationKind::Table, LockMode::RowExclusive, &span) {
            self.written_view(oid, command, c, &span);
            self.policies(oid, policies, c, &span);
        }
    }

    fn relation(&mut self, name: &RangeVar, mode: LockMode, c: &mut Collector<'_>) {
        if name.schemaname.is_empty() && self.ctes.contains(&name.relname) {
            return;
        }
        let span = self.place(name, c);
        let named = c.named(name, RelationKind::Table);
        if let Named::Known(oid) = named
            && let Some(message) = not_readable(oid, c).or_else(|| self.not_lockable(oid, mode, c))
        {
            c.error("42809", message, span);
            return;
        }
        if let Named::Known(oid) = named
            && let Some(message) = self.not_scannable(oid, c)
        {
            c.error("55000", message, span);
            return;
        }
        if let Some(oid) = c.lock_it(named, mode, &span)
            && self.stage >= Stage::Rewritten
        {
            lock_view_reads(oid, mode, c, &span);
            self.policies(oid, &["all", "select"], c, &span);
        }
    }

    /// The conditions of row security are added to a query (`get_row_security_policies` in
    /// src/backend/rewrite/rowsecurity.c). Who runs migrations owns the tables or is a superuser, to whom no policy
    /// applies; another role is taken for one to whom they do.
    fn policies(&self, oid: Oid, commands: &[&str], c: &mut Collector<'_>, span: &Range<usize>) {
        let settings = c.input.settings();
        let Some(role) = settings.role.as_ref() else {
            return;
        };
        let Some(table) = c.relation(oid) else {
            return;
        };
        if self.stage < Stage::Rewritten || !table.row_security || !settings.row_security {
            return;
        }
        c.assume(format!(
            "the policies of {} are assumed to apply to role {role}",
            table.name
        ));
        let concerned = |policy: &&Policy| commands.contains(&policy.command.as_str());
        for policy in table.policies.iter().filter(concerned) {
            for read in policy.reads.iter().filter(|read| read.relation != oid) {
                c.because(format!("policy {} reads it", policy.name), |c| {
                    c.lock(read.relation, LockMode::AccessShare, span.clone())
                });
            }
        }
    }

    /// FOR UPDATE of what has no row locks (`CheckValidRowMarkRel` in src/backend/executor/execMain.c).
    fn not_lockable(&self, oid: Oid, mode: LockMode, c: &Collector<'_>) -> Option<String> {
        if mode != LockMode::RowShare || self.stage < Stage::Planned {
            return None;
        }
        let relation = c.complete_relation(oid)?;
        let cannot = matches!(
            relation.kind,
            RelationKind::MaterializedView | RelationKind::Sequence
        );
        cannot.then(|| {
            format!(
                "cannot lock rows in {} \"{}\"",
                relation.kind.noun(),
                relation.name.name
            )
        })
    }

    /// A materialized view without contents (`ExecOpenScanRelation` in src/backend/executor/execUtils.c).
    fn not_scannable(&self, oid: Oid, c: &Collector<'_>) -> Option<String> {
        let relation = c.complete_relation(oid)?;
        let empty = self.stage == Stage::Executed
            && relation.kind == RelationKind::MaterializedView
            && !relation.populated;
        empty.then(|| {
            format!(
                "materialized view \"{}\" has not been populated",
                relation.name.name
            )
        })
    }

    fn place(&self, name: &RangeVar, c: &Collector<'_>) -> Range<usize> {
        // A view's query or a function's body is not in the statement's text.
        let place = c.name_span(name.location);
        let within = place.end <= self.span.end
            && c.input
                .text
                .get(place.start - c.input.start..place.end - c.input.start)
                .is_some_and(|text| text.to_lowercase().contains(&name.relname.to_lowercase()));
        if within { place } else { self.span.clone() }
    }

    /// INSERT, UPDATE and DELETE on a simple view write the table under it.
    fn written_view(
        &mut self,
        view: Oid,
        command: DmlCommand,
        c: &mut Collector<'_>,
        span: &Range<usize>,
    ) {
        if self.stage >= Stage::Rewritten {
            super::dml::lock_written_through(view, command, c, span);
        }
    }
}

/// FOR UPDATE, FOR SHARE and their like on this FROM item.
fn is_locked(stmt: &SelectStmt, alias: &str) -> bool {
    stmt.locking_clause.iter().any(|clause| match &clause.node {
        Some(NodeEnum::LockingClause(clause)) => names(clause, alias),
        _ => false,
    })
}

fn names(clause: &LockingClause, alias: &str) -> bool {
    clause.locked_rels.is_empty()
        || clause.locked_rels.iter().any(|node| match &node.node {
            Some(NodeEnum::RangeVar(name)) => name.relname == alias,
            _ => false,
        })
}

/// Indexes and composite types are relations that a query cannot read.
fn not_readable(oid: Oid, c: &Collector<'_>) -> Option<String> {
    if let Some(index) = c.index(oid) {
        return Some(format!(
            "cannot open relation \"{}\": an index",
            index.name.name
        ));
    }
    let relation = c.complete_relation(oid)?;
    (relation.kind == RelationKind::CompositeType).then(|| {
        format!(
            "cannot open relation \"{}\": a composite type",
            relation.name.name
        )
    })
}

/// What a view reads, through views in it.
pub(super) fn lock_view_reads(
    oid: Oid,
    mode: LockMode,
    c: &mut Collector<'_>,
    span: &Range<usize>,
) {
    let mut waiting = vec![(oid, mode)];
    let mut seen = vec![oid];
    while let Some((oid, mode)) = waiting.pop() {
        let Some(view) = c
            .relation(oid)
            .filter(|relation| relation.kind == RelationKind::View)
        else {
            continue;
        };
        // Row locks reach the arms of UNION and its like, but not what is below views in them (`markQueryForLocking`).
        let combines = matches!(view.query.as_deref(), Some(NodeEnum::SelectStmt(select)) if select.larg.is_some());
        let below = match combines {
            true => LockMode::AccessShare,
            false => mode,
        };
        for read in &view.reads {
            if seen.contains(&read.relation) {
                continue;
            }
            seen.push(read.relation);
            waiting.push((read.relation, below));
            let because = format!("view {} reads it", view.name.name);
            c.because(because, |c| c.lock(read.relation, mode, span.clone()));
        }
    }
}
