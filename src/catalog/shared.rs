//! Lists whose copies share their elements: a statement changes one column or constraint of a relation, and the
//! relation before it stays as it was.

use std::ops::Index;
use std::slice;
use std::sync::Arc;

/// A vector that is cheap to copy; an element is copied when it is changed.
#[derive(Debug, Clone)]
pub struct Shared<T>(Vec<Arc<T>>);

/// The elements in order.
pub type Iter<'a, T> = std::iter::Map<slice::Iter<'a, Arc<T>>, fn(&'a Arc<T>) -> &'a T>;

/// The same, to be changed.
pub type IterMut<'a, T> =
    std::iter::Map<slice::IterMut<'a, Arc<T>>, fn(&'a mut Arc<T>) -> &'a mut T>;

impl<T> Shared<T> {
    pub fn iter(&self) -> Iter<'_, T> {
        self.0.iter().map(Arc::as_ref)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self, at: usize) -> Option<&T> {
        self.0.get(at).map(Arc::as_ref)
    }

    pub fn first(&self) -> Option<&T> {
        self.get(0)
    }

    pub fn push(&mut self, element: T) {
        self.0.push(Arc::new(element));
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.0.retain(|element| keep(element));
    }
}

impl<T: Clone> Shared<T> {
    /// The first element that passes, to be changed.
    pub fn find_mut(&mut self, wanted: impl Fn(&T) -> bool) -> Option<&mut T> {
        let found = self.0.iter_mut().find(|element| wanted(element));
        found.map(Arc::make_mut)
    }

    /// All elements, to be changed: each that another list shares is copied.
    pub fn iter_mut(&mut self) -> IterMut<'_, T> {
        self.0.iter_mut().map(Arc::make_mut)
    }

    pub fn remove(&mut self, at: usize) -> T {
        Arc::unwrap_or_clone(self.0.remove(at))
    }
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Shared(Vec::new())
    }
}

impl<T> FromIterator<T> for Shared<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Shared(elements.into_iter().map(Arc::new).collect())
    }
}

impl<T> Extend<T> for Shared<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, elements: I) {
        self.0.extend(elements.into_iter().map(Arc::new));
    }
}

impl<T> Index<usize> for Shared<T> {
    type Output = T;

    fn index(&self, at: usize) -> &T {
        &self.0[at]
    }
}

impl<'a, T> IntoIterator for &'a Shared<T> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<'a, T: Clone> IntoIterator for &'a mut Shared<T> {
    type Item = &'a mut T;
    type IntoIter = IterMut<'a, T>;

    fn into_iter(self) -> IterMut<'a, T> {
        self.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::Shared;

    #[test]
    fn a_copy_stays_as_it_was() {
        let before: Shared<String> = ["a", "b", "c"].map(str::to_owned).into_iter().collect();
        let mut after = before.clone();
        after.find_mut(|it| it == "b").unwrap().push('!');
        after.retain(|it| it != "a");
        after.push("d".to_owned());
        after.iter_mut().for_each(|it| it.push('?'));
        assert_eq!(after.iter().collect::<Vec<_>>(), ["b!?", "c?", "d?"]);
        assert_eq!(after.remove(0), "b!?");
        assert_eq!(before.iter().collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn what_is_not_changed_is_shared() {
        let before: Shared<String> = ["a", "b"].map(str::to_owned).into_iter().collect();
        let mut after = before.clone();
        after.find_mut(|it| it == "b").unwrap().push('!');
        assert!(std::ptr::eq(&before[0], &after[0]));
        assert!(!std::ptr::eq(&before[1], &after[1]));
    }
}
