//! One migration: its scripts, and the transactions that the migration tool opens around them.

use std::collections::BTreeSet;
use std::ops::Range;

use super::fork::Fork;
use super::held::Holding;
use super::{Place, Replayed, Watcher, split};
use crate::catalog::{Catalog, Oid, TransactionId};
use crate::effects::Effects;
use crate::lint::config::LintConfig;
use crate::lint::context::{MigrationContext, MigrationInfo};
use crate::project::{Script, TransactionMode};
use crate::session::{OpenedBy, Session, Step};
use crate::sql::{Parsed, Statement};

/// The replay of one migration.
pub struct Run<'a> {
    pub(super) info: MigrationInfo<'a>,
    pub(super) config: &'a LintConfig,
    pub(super) session: Session,
    pub(super) catalog: Catalog,
    /// The catalog when the migration began.
    pub(super) start: Catalog,
    pub(super) holding: Holding,
    /// None: history, which is applied and not reported on.
    pub(super) watcher: Option<&'a mut (dyn Watcher + Send)>,
    pub(super) understood: bool,
    /// A statement is certain to fail, and was left out.
    pub(super) failed: bool,
    /// The statement at the top of the script that is being replayed.
    pub(super) index: usize,
    /// The functions and procedures that are being looked into.
    pub(super) routines: Vec<Oid>,
    /// Temporary relations that were created, and those of them that end with the transaction.
    pub(super) temporary: Vec<Oid>,
    pub(super) dropped_on_commit: Vec<Oid>,
    /// The placeholders that were spoken of.
    pub(super) placeholders: BTreeSet<String>,
    /// The statement that is being replayed holds some, or only its first words could be read.
    pub(super) foreign_names: bool,
    /// The template's branches that the statement stands in.
    pub(super) fork: Option<Fork>,
    /// What of it could not be analysed.
    pub(super) unanalysed: Vec<String>,
    /// The statement that opened the transaction, when one of the script did.
    begin: Option<Range<usize>>,
    /// The script that is being replayed.
    script: Option<&'a Script>,
    statements: Vec<(Range<usize>, Effects)>,
    replayed: Vec<Replayed>,
}

pub struct Setup<'a> {
    pub info: MigrationInfo<'a>,
    pub config: &'a LintConfig,
    pub session: Session,
    pub catalog: Catalog,
    pub watcher: Option<&'a mut (dyn Watcher + Send)>,
}

/// What a migration leaves behind.
pub struct End {
    pub catalog: Catalog,
    pub session: Session,
    pub understood: bool,
    /// A statement was left out because it is certain to fail.
    pub failed: bool,
}

impl<'a> Run<'a> {
    pub fn new(setup: Setup<'a>) -> Self {
        Run {
            info: setup.info,
            config: setup.config,
            session: setup.session,
            start: setup.catalog.clone(),
            catalog: setup.catalog,
            holding: Holding::default(),
            watcher: setup.watcher,
            understood: true,
            failed: false,
            index: 0,
            routines: Vec::new(),
            temporary: Vec::new(),
            dropped_on_commit: Vec::new(),
            placeholders: BTreeSet::new(),
            foreign_names: false,
            fork: None,
            unanalysed: Vec::new(),
            begin: None,
            script: None,
            statements: Vec::new(),
            replayed: Vec::new(),
        }
    }

    pub fn scripts(&mut self, parsed: &[Parsed]) {
        if let Some(watcher) = &mut self.watcher {
            watcher.start(self.info.migration, parsed);
        }
        let scripts: &'a [Script] = &self.info.migration.scripts;
        for (index, (script, parsed)) in scripts.iter().zip(parsed).enumerate() {
            self.script = Some(script);
            let continued = scripts.get(index + 1).is_some_and(|next| next.joined);
            self.script(script, parsed, continued);
        }
        self.script = None;
    }

    /// `continued`: the next script runs in the same transaction.
    fn script(&mut self, script: &Script, parsed: &Parsed, continued: bool) {
        let mode = match script.transaction {
            TransactionMode::Split if split::controls_transactions(&parsed.statements) => {
                TransactionMode::None
            }
            TransactionMode::Detect => split::detected(&parsed.statements, false),
            TransactionMode::DetectAny => split::detected(&parsed.statements, true),
            TransactionMode::File
            | TransactionMode::None
            | TransactionMode::Message
            | TransactionMode::Split => script.transaction,
        };
        if mode == TransactionMode::File && !script.joined {
            self.open(OpenedBy::Tool);
        }
        let implicit = script.message && parsed.statements.len() > 1;
        for statement in &parsed.statements {
            self.enter_branch(&parsed.alternatives, statement.span.start);
            match mode {
                TransactionMode::File | TransactionMode::Message if implicit => {
                    self.open(OpenedBy::Message);
                }
                TransactionMode::Split if self.must_stand_alone(statement) => self.close(),
                TransactionMode::Split => self.open(OpenedBy::Tool),
                TransactionMode::File
                | TransactionMode::None
                | TransactionMode::Message
                | TransactionMode::Detect
                | TransactionMode::DetectAny => {}
            }
            self.top(statement, mode);
        }
        self.leave_branches();
        let at_its_end = self
            .session
            .block()
            .is_some_and(|block| block.opened_by == OpenedBy::Message);
        match mode {
            _ if at_its_end => self.close(),
            TransactionMode::File if continued => {}
            TransactionMode::File | TransactionMode::Split => {
                // The tool's COMMIT ends whatever transaction is open, one that the script began too.
                self.close();
                self.begin = None;
            }
            TransactionMode::None
            | TransactionMode::Message
            | TransactionMode::Detect
            | TransactionMode::DetectAny => {}
        }
    }

    fn open(&mut self, by: OpenedBy) {
        if !self.session.in_block() {
            self.session.open(by, &self.catalog);
        }
    }

    /// COMMIT by the migration tool or by the end of the message.
    fn close(&mut self) {
        if self.session.in_block() {
            let step = self.session.commit();
            self.moved(step);
        }
    }

    pub(super) fn moved(&mut self, step: Step) {
        if step == Step::Ended && !self.dropped_on_commit.is_empty() {
            let ended = std::mem::take(&mut self.dropped_on_commit);
            self.catalog.drop_relations(&ended, &self.session);
        }
        self.holding.follow(step, &self.session);
    }

    /// A statement at the top of a script.
    fn top(&mut self, statement: &Statement, transaction: TransactionMode) {
        let replayed = Replayed {
            span: statement.span.clone(),
            transaction,
            transaction_block: self.session.in_block(),
            transaction_id: self.session.transaction_id,
            settings: self.session.settings.clone(),
            unanalysed: Vec::new(),
        };
        let effects = self.body(statement);
        self.note_begin(&statement.span, replayed.transaction_id);
        let unanalysed = std::mem::take(&mut self.unanalysed);
        if self.watcher.is_some() {
            self.statements.push((statement.span.clone(), effects));
            self.replayed.push(Replayed {
                unanalysed,
                ..replayed
            });
        }
        self.index += 1;
    }

    /// Remembers which statement opened the transaction that is open now.
    fn note_begin(&mut self, statement: &Range<usize>, before: TransactionId) {
        let by_script = self
            .session
            .block()
            .is_some_and(|block| block.opened_by == OpenedBy::Script);
        if !by_script {
            self.begin = None;
        } else if self.begin.is_none() || self.session.transaction_id != before {
            self.begin = Some(statement.clone());
        }
    }

    /// The text of a statement.
    pub(super) fn text(&self, span: &Range<usize>) -> &'a str {
        if let Some(script) = self.script
            && let Some(text) = &script.text
            && let Some(start) = span.start.checked_sub(script.range.start)
            && let Some(part) = text.get(start..start + span.len())
        {
            return part;
        }
        let source = &self.info.migration.source;
        source.text().get(span.clone()).unwrap_or_default()
    }

    pub(super) fn place(&self, span: &Range<usize>) -> Place {
        Place {
            index: self.index,
            span: span.clone(),
            origin: None,
        }
    }

    pub(super) fn lose_track(&mut self) {
        self.understood = false;
        self.catalog.lose_track();
    }

    /// Part of a statement is not understood. `lost`: it may have changed the schema.
    pub(super) fn not_understood(
        &mut self,
        at: Range<usize>,
        statement: &Range<usize>,
        what: &str,
        lost: bool,
    ) {
        if lost {
            self.understood = false;
            self.catalog.lose_track_in(self.text(statement));
        }
        let place = self.place(statement);
        if let Some(watcher) = &mut self.watcher {
            watcher.unanalysed(at, what, &place);
        }
        self.unanalysed.push(what.to_owned());
    }

    /// Tells the watcher that the migration is over. Its temporary relations are not there for the
    /// next one, which may well be applied on another day.
    /// `before_up`: for a down migration, the catalog that it should lead back to.
    pub fn finish(mut self, before: &Catalog, before_up: Option<&Catalog>) -> End {
        self.catalog.drop_relations(&self.temporary, &self.session);
        if let Some(watcher) = &mut self.watcher {
            let context = MigrationContext {
                migration: self.info,
                before,
                after: &self.catalog,
                before_up: before_up.filter(|_| self.understood),
                version: self.session.version,
                options: &self.config.options,
                statements: &self.statements,
                left_open: self.begin.clone(),
            };
            watcher.migration(&context, self.replayed);
        }
        End {
            catalog: self.catalog,
            session: self.session,
            understood: self.understood,
            failed: self.failed,
        }
    }
}
