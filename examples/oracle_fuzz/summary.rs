//! How many statements agreed, by family.

use std::collections::BTreeMap;

use crate::run::Judged;

#[derive(Default)]
pub struct Summary {
    families: BTreeMap<&'static str, Tally>,
}

#[derive(Default, Clone, Copy)]
struct Tally {
    ran: usize,
    agreed: usize,
    by_rows: usize,
    differed: usize,
    missed: usize,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.ran += other.ran;
        self.agreed += other.agreed;
        self.by_rows += other.by_rows;
        self.differed += other.differed;
        self.missed += other.missed;
    }
}

impl Summary {
    pub fn count(&mut self, family: &'static str, judged: &Judged) {
        let one = Tally {
            ran: 1,
            agreed: usize::from(matches!(judged, Judged::Agrees)),
            by_rows: usize::from(matches!(judged, Judged::ByRows | Judged::NoSetup(_))),
            differed: usize::from(matches!(judged, Judged::Differs(..))),
            missed: usize::from(matches!(judged, Judged::Differs(_, true))),
        };
        self.families.entry(family).or_default().add(one);
    }

    pub fn print(&self, major: u8) {
        println!(
            "{:<24} {:>6} {:>7} {:>10} {:>9} {:>7}",
            format!("PostgreSQL {major}"),
            "ran",
            "agreed",
            "not judged",
            "disagreed",
            "unsafe"
        );
        let mut total = Tally::default();
        for (family, tally) in &self.families {
            print_line(family, tally);
            total.add(*tally);
        }
        print_line("TOTAL", &total);
    }
}

fn print_line(name: &str, tally: &Tally) {
    println!(
        "{name:<24} {:>6} {:>7} {:>10} {:>9} {:>7}",
        tally.ran, tally.agreed, tally.by_rows, tally.differed, tally.missed
    );
}
