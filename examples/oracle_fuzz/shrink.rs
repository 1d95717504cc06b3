//! Makes a disagreement small: fewer subcommands, fewer pieces of the set-up, fewer columns.

use std::collections::BTreeSet;

use crate::run::{Judged, Runner, case};
use crate::schema::{self, Piece};
use crate::statements::Statement;

/// The smallest set-up and statement that were found on which one of these sentences is still true.
pub fn shrink(
    runner: &mut Runner,
    pieces: &[Piece],
    statement: &Statement,
    sentences: &[String],
) -> Result<(Vec<Piece>, Statement), String> {
    let mut shrinker = Shrinker { runner, sentences };
    let (mut pieces, mut statement) = (pieces.to_vec(), statement.clone());
    while let Some(less) = shrinker.fewer_parts(&pieces, &statement)? {
        statement = less;
    }
    let related = related(&pieces, &statement);
    if related.len() < pieces.len() && shrinker.still(&related, &statement)? {
        pieces = related;
    }
    pieces = shrinker.fewer_pieces(pieces, &statement)?;
    pieces = shrinker.fewer_items(pieces, &statement)?;
    pieces = shrinker.fewer_pieces(pieces, &statement)?;
    Ok((pieces, statement))
}

struct Shrinker<'a> {
    runner: &'a mut Runner,
    sentences: &'a [String],
}

impl Shrinker<'_> {
    fn still(&mut self, pieces: &[Piece], statement: &Statement) -> Result<bool, String> {
        Ok(
            match self.runner.judge(&case(pieces, statement, "shrinking"))? {
                Judged::Differs(sentences, _) => sentences
                    .iter()
                    .any(|sentence| self.sentences.contains(sentence)),
                Judged::Agrees | Judged::ByRows | Judged::NoSetup(_) => false,
            },
        )
    }

    fn fewer_parts(
        &mut self,
        pieces: &[Piece],
        statement: &Statement,
    ) -> Result<Option<Statement>, String> {
        if statement.parts.len() < 2 {
            return Ok(None);
        }
        for at in 0..statement.parts.len() {
            let mut less = statement.clone();
            less.parts.remove(at);
            if self.still(pieces, &less)? {
                return Ok(Some(less));
            }
        }
        Ok(None)
    }

    /// Runs of pieces first, then single ones, from the end: later pieces build on earlier ones.
    fn fewer_pieces(
        &mut self,
        mut pieces: Vec<Piece>,
        statement: &Statement,
    ) -> Result<Vec<Piece>, String> {
        let mut size = (pieces.len() / 2).max(1);
        loop {
            let mut end = pieces.len();
            while end > 0 {
                let start = end.saturating_sub(size);
                let mut less = pieces.clone();
                less.drain(start..end);
                if self.still(&less, statement)? {
                    pieces = less;
                }
                end = start.min(pieces.len());
            }
            if size == 1 {
                return Ok(pieces);
            }
            size /= 2;
        }
    }

    fn fewer_items(
        &mut self,
        mut pieces: Vec<Piece>,
        statement: &Statement,
    ) -> Result<Vec<Piece>, String> {
        let keys: BTreeSet<String> = pieces
            .iter()
            .flat_map(Piece::items)
            .map(|item| item.key.clone())
            .collect();
        for key in keys {
            let less: Vec<Piece> = pieces.iter().map(|piece| piece.without(&key)).collect();
            if self.still(&less, statement)? {
                pieces = less;
            }
        }
        Ok(pieces)
    }
}

/// The pieces that have to do with the statement's objects, and with theirs.
fn related(pieces: &[Piece], statement: &Statement) -> Vec<Piece> {
    let texts: Vec<String> = pieces
        .iter()
        .map(|piece| schema::render(std::slice::from_ref(piece)))
        .collect();
    let made: BTreeSet<&str> = texts.iter().filter_map(|text| made_by(text)).collect();
    let sql = statement.sql();
    let mut known: BTreeSet<&str> = words(&sql).filter(|word| made.contains(word)).collect();
    let mut taken = BTreeSet::new();
    loop {
        let before = taken.len();
        for (at, text) in texts.iter().enumerate() {
            if !taken.contains(&at) && words(text).any(|word| known.contains(word)) {
                taken.insert(at);
                known.extend(words(text).filter(|word| made.contains(word)));
            }
        }
        if taken.len() == before {
            return taken.into_iter().map(|at| pieces[at].clone()).collect();
        }
    }
}

/// The object that `CREATE <kind> <name>` makes.
fn made_by(text: &str) -> Option<&str> {
    let text = text.strip_prefix("CREATE ")?;
    words(text).find(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
}
