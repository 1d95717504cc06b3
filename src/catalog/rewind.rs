//! Going back to an earlier catalog: ROLLBACK.

use super::Catalog;

impl Catalog {
    /// Becomes the earlier catalog again. OIDs that were given out since stay used, so an object that
    /// is gone is never taken for a later one.
    pub fn rewind(&mut self, earlier: &Catalog) {
        let next_oid = self.next_oid.max(earlier.next_oid);
        *self = earlier.clone();
        self.next_oid = next_oid;
    }
}
