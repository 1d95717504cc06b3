//! WITH: the queries that it names.

use pg_query::NodeEnum;
use pg_query::protobuf::{CommonTableExpr, WithClause};

use super::{Output, OutputColumn, Reader, rename};
use crate::catalog::Type;
use crate::catalog::resolve::strings;

impl Reader<'_> {
    pub(super) fn with(&mut self, clause: Option<&WithClause>) {
        let Some(clause) = clause else {
            return;
        };
        for cte in &clause.ctes {
            if let Some(NodeEnum::CommonTableExpr(cte)) = &cte.node {
                self.cte(cte, clause.recursive);
            }
        }
    }

    fn cte(&mut self, cte: &CommonTableExpr, recursive: bool) {
        let Some(query) = &cte.ctequery else {
            return;
        };
        let names = strings(&cte.aliascolnames);
        if recursive && let Some(NodeEnum::SelectStmt(select)) = &query.node {
            let mut first = select.as_ref();
            while let Some(left) = &first.larg {
                first = left;
            }
            let output = self.guarded(|reader| reader.simple_select(first));
            self.ctes.push(Cte::named(cte, output, &names));
        }
        let output = self.subquery(query);
        self.ctes.push(Cte::named(cte, output, &names));
    }

    pub(super) fn find_cte(&self, name: &str) -> Option<&Cte> {
        self.ctes.iter().rev().find(|cte| cte.name == name)
    }
}

pub(super) struct Cte {
    pub(super) name: String,
    pub(super) output: Output,
}

impl Cte {
    fn named(cte: &CommonTableExpr, mut output: Output, names: &[&str]) -> Self {
        rename(&mut output, names);
        if let Some(search) = &cte.search_clause {
            output.columns.push(OutputColumn {
                name: search.search_seq_column.clone(),
                ty: Type::unknown(""),
            });
        }
        if let Some(cycle) = &cte.cycle_clause {
            for name in [&cycle.cycle_mark_column, &cycle.cycle_path_column] {
                output.columns.push(OutputColumn {
                    name: name.clone(),
                    ty: Type::unknown(""),
                });
            }
        }
        Cte {
            name: cte.ctename.clone(),
            output,
        }
    }
}
