//! How deeply an encoded parse tree is nested, found without recursion, so that a tree that is too
//! deep is never built: building, visiting and dropping it would overflow the stack.

/// The greatest nesting of length-delimited fields in a protobuf message. A string that happens to
/// look like a message may raise the answer, and nothing lowers it. Stops counting above `enough`.
pub fn nesting(message: &[u8], enough: usize) -> usize {
    let mut ends: Vec<usize> = vec![message.len()];
    let mut at = 0;
    let mut deepest = 0;
    while let Some(&end) = ends.last() {
        if at >= end {
            ends.pop();
            continue;
        }
        match field(message, at, end) {
            Field::Nested { start, end: inner } => {
                at = start;
                ends.push(inner);
                deepest = deepest.max(ends.len() - 1);
                if deepest > enough {
                    return deepest;
                }
            }
            Field::Plain { end: next } => at = next,
            Field::Broken => {
                at = end;
                ends.pop();
            }
        }
    }
    deepest
}

enum Field {
    Nested {
        start: usize,
        end: usize,
    },
    Plain {
        end: usize,
    },
    /// No message after all, but a string.
    Broken,
}

fn field(message: &[u8], at: usize, end: usize) -> Field {
    let Some((key, at)) = varint(message, at, end) else {
        return Field::Broken;
    };
    let plain = |next: usize| {
        if next <= end {
            Field::Plain { end: next }
        } else {
            Field::Broken
        }
    };
    match key & 7 {
        0 => varint(message, at, end).map_or(Field::Broken, |(_, next)| plain(next)),
        1 => plain(at + 8),
        5 => plain(at + 4),
        2 => match varint(message, at, end) {
            Some((length, start)) if length <= (end - start) as u64 => Field::Nested {
                start,
                end: start + length as usize,
            },
            _ => Field::Broken,
        },
        _ => Field::Broken,
    }
}

fn varint(message: &[u8], mut at: usize, end: usize) -> Option<(u64, usize)> {
    let mut value = 0u64;
    let mut shift = 0;
    while at < end && shift < 64 {
        let byte = message[at];
        at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some((value, at));
        }
        shift += 7;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::nesting;

    /// A field 1 that holds `inner`.
    fn wrap(inner: &[u8]) -> Vec<u8> {
        let mut message = vec![0x0a, u8::try_from(inner.len()).unwrap()];
        message.extend_from_slice(inner);
        message
    }

    #[test]
    fn nesting_is_counted() {
        let flat = [0x08, 0x01, 0x10, 0x96, 0x01];
        assert_eq!(nesting(&flat, 100), 0);
        let three = wrap(&wrap(&wrap(&flat)));
        assert_eq!(nesting(&three, 100), 3);
        let side_by_side = [three.clone(), wrap(b"text"), three].concat();
        assert_eq!(nesting(&side_by_side, 100), 3);
    }

    #[test]
    fn counting_stops_early() {
        let deep = (0..50).fold(Vec::new(), |inner, _| wrap(&inner));
        assert_eq!(nesting(&deep, 10), 11);
    }

    #[test]
    fn anything_is_an_answer() {
        for bytes in [
            &[0xff; 40][..],
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
            &[0x09, 1],
        ] {
            assert!(nesting(bytes, 100) <= 100);
        }
    }
}
