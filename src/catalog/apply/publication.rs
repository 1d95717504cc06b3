//! CREATE PUBLICATION and ALTER PUBLICATION.

use pg_query::protobuf::{
    AlterPublicationAction as Action, AlterPublicationStmt, CreatePublicationStmt,
    PublicationObjSpecType as Kind, PublicationTable,
};
use pg_query::{Node, NodeEnum};

use super::spec::name_list;
use super::{Outcome, Replay, refuse};
use crate::catalog::expression::columns_read;
use crate::catalog::{Catalog, Dependency, Oid, Publication, RelationKind};

impl Replay<'_> {
    pub(super) fn create_publication(&mut self, stmt: &CreatePublicationStmt) -> Outcome {
        if self.catalog.publications.contains_key(&stmt.pubname) {
            return refuse(
                "42710",
                format!("publication \"{}\" already exists", stmt.pubname),
            );
        }
        let mut publication = Publication {
            all_tables: stmt.for_all_tables,
            ..Publication::default()
        };
        self.publish(&stmt.pubobjects, &mut publication)?;
        publication.set_options(&stmt.options);
        self.catalog
            .publications
            .insert(stmt.pubname.clone(), publication);
        Ok(())
    }

    pub(super) fn alter_publication(&mut self, stmt: &AlterPublicationStmt) -> Outcome {
        let Some(existing) = self.catalog.publications.get(&stmt.pubname) else {
            return self.missing(None, || {
                (
                    "42704",
                    format!("publication \"{}\" does not exist", stmt.pubname),
                )
            });
        };
        let mut publication = existing.clone();
        if publication.all_tables && !stmt.pubobjects.is_empty() {
            return refuse(
                "55000",
                format!(
                    "publication \"{}\" is defined as FOR ALL TABLES",
                    stmt.pubname
                ),
            );
        }
        publication.set_options(&stmt.options);
        match stmt.action() {
            // ALTER PUBLICATION ... SET (options) has no objects.
            Action::ApSetObjects | Action::Undefined if stmt.pubobjects.is_empty() => {}
            Action::ApSetObjects => {
                publication = Publication {
                    all_tables: publication.all_tables,
                    no_updates: publication.no_updates,
                    no_deletes: publication.no_deletes,
                    ..Publication::default()
                };
                self.publish(&stmt.pubobjects, &mut publication)?;
            }
            Action::ApAddObjects | Action::Undefined => {
                self.publish(&stmt.pubobjects, &mut publication)?;
            }
            Action::ApDropObjects => {
                for table in published_tables(&stmt.pubobjects) {
                    let Some(oid) = table.relation.as_ref().and_then(|name| self.lookup(name))
                    else {
                        continue;
                    };
                    if !publication.tables.contains(&oid) && self.certain() {
                        let table = self.name(oid);
                        return refuse(
                            "42704",
                            format!("relation \"{table}\" is not part of the publication"),
                        );
                    }
                    publication.remove(oid);
                }
            }
        }
        self.catalog
            .publications
            .insert(stmt.pubname.clone(), publication);
        Ok(())
    }

    fn publish(&mut self, objects: &[Node], publication: &mut Publication) -> Outcome {
        for object in objects {
            if let Some(NodeEnum::PublicationObjSpec(object)) = &object.node
                && object.pubobjtype() == Kind::PublicationobjTablesInSchema
            {
                publication.schemas.insert(object.name.clone());
            }
        }
        let mut named = Vec::new();
        for table in published_tables(objects) {
            let Some(name) = &table.relation else {
                continue;
            };
            let oid = self.relation(name, RelationKind::Table)?;
            // The same table twice in one list counts once.
            if named.contains(&oid) {
                continue;
            }
            named.push(oid);
            if publication.tables.contains(&oid) {
                let table = self.name(oid);
                return refuse(
                    "42710",
                    format!("relation \"{table}\" is already member of the publication"),
                );
            }
            publication.tables.push(oid);
            for column in name_list(&table.columns) {
                self.require_column(oid, &column)?;
            }
            let column = |name: String| Dependency {
                relation: oid,
                column: Some(name),
            };
            if let Some(filter) = &table.where_clause {
                let filter = self.stored(filter, oid);
                publication
                    .filters
                    .extend(columns_read(&filter).into_iter().map(column));
            }
            publication
                .columns
                .extend(name_list(&table.columns).into_iter().map(column));
        }
        Ok(())
    }
}

fn published_tables(objects: &[Node]) -> impl Iterator<Item = &PublicationTable> {
    objects
        .iter()
        .filter_map(|object| match object.node.as_ref()? {
            NodeEnum::PublicationObjSpec(object) => object.pubtable.as_deref(),
            NodeEnum::PublicationTable(table) => Some(table.as_ref()),
            _ => None,
        })
}

impl Publication {
    /// `publish = 'insert, update'`
    fn set_options(&mut self, options: &[Node]) {
        for option in options {
            if let Some(NodeEnum::DefElem(option)) = &option.node
                && option.defname == "publish"
                && let Some(NodeEnum::String(list)) =
                    option.arg.as_deref().and_then(|arg| arg.node.as_ref())
            {
                let has = |word: &str| list.sval.split(',').any(|part| part.trim() == word);
                self.no_updates = !has("update");
                self.no_deletes = !has("delete");
            }
        }
    }

    pub(super) fn remove(&mut self, table: Oid) {
        self.tables.retain(|&published| published != table);
        self.filters.retain(|read| read.relation != table);
        self.columns.retain(|read| read.relation != table);
    }
}

impl Catalog {
    pub(super) fn rename_published_column(&mut self, table: Oid, old: &str, new: &str) {
        let concerned: Vec<String> = self
            .publications
            .iter()
            .filter(|(_, publication)| publication.tables.contains(&table))
            .map(|(name, _)| name.clone())
            .collect();
        for name in concerned {
            let Some(publication) = self.publications.get_mut(&name) else {
                continue;
            };
            let reads = publication
                .filters
                .iter_mut()
                .chain(&mut publication.columns);
            for read in reads.filter(|read| read.relation == table) {
                if read.column.as_deref() == Some(old) {
                    read.column = Some(new.to_owned());
                }
            }
        }
    }
}
