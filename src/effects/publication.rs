//! Effects of Publications and subscriptions.

use pg_query::protobuf::{
    AlterPublicationStmt, AlterSubscriptionStmt, CreatePublicationStmt, CreateSubscriptionStmt,
    DropSubscriptionStmt,
};

use super::Collector;

pub fn create_publication(_stmt: &CreatePublicationStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn alter_publication(_stmt: &AlterPublicationStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn create_subscription(_stmt: &CreateSubscriptionStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn alter_subscription(_stmt: &AlterSubscriptionStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn drop_subscription(_stmt: &DropSubscriptionStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}
