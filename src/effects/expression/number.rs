//! Exact decimal numbers of limited size.

use std::cmp::Ordering;

/// `digits / 10^scale`, without trailing zeros behind the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    digits: i128,
    scale: u32,
}

/// Beyond this many digits behind the point nothing is worked out.
const MAX_SCALE: u32 = 30;

impl Number {
    pub fn integer(value: i64) -> Self {
        Number::new(i128::from(value), 0)
    }

    fn new(mut digits: i128, mut scale: u32) -> Self {
        while scale > 0 && digits % 10 == 0 {
            digits /= 10;
            scale -= 1;
        }
        Number { digits, scale }
    }

    /// `-12.50`, `1e3`, `.5`. None for NaN, infinities and what has too many digits.
    pub fn read(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let (sign, whole) = match whole.strip_prefix('-') {
            Some(whole) => (-1, whole),
            None => (1, whole.strip_prefix('+').unwrap_or(whole)),
        };
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let digits: i128 = digits.parse().ok()?;
        let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        match u32::try_from(scale) {
            Ok(scale) if scale <= MAX_SCALE => Some(Number::new(sign * digits, scale)),
            Ok(_) => None,
            Err(_) => {
                let factor = 10i128.checked_pow(scale.unsigned_abs())?;
                Some(Number::new(sign * digits.checked_mul(factor)?, 0))
            }
        }
    }

    pub fn compare(&self, other: &Number) -> Option<Ordering> {
        let (left, right, _) = self.aligned(other)?;
        Some(left.cmp(&right))
    }

    pub fn add(&self, other: &Number) -> Option<Number> {
        let (left, right, scale) = self.aligned(other)?;
        Some(Number::new(left.checked_add(right)?, scale))
    }

    pub fn subtract(&self, other: &Number) -> Option<Number> {
        self.add(&other.negate()?)
    }

    pub fn multiply(&self, other: &Number) -> Option<Number> {
        let scale = self.scale + other.scale;
        let digits = self.digits.checked_mul(other.digits)?;
        (scale <= MAX_SCALE).then(|| Number::new(digits, scale))
    }

    pub fn negate(&self) -> Option<Number> {
        Some(Number::new(self.digits.checked_neg()?, self.scale))
    }

    /// Whether it is written with no more digits than these, zeros in front aside.
    pub fn is_within_digits(&self, most: u32) -> bool {
        10u128
            .checked_pow(most)
            .is_some_and(|limit| self.digits.unsigned_abs() < limit)
    }

    /// Digits behind the point.
    pub fn scale(&self) -> u32 {
        self.scale
    }

    /// Whether it lies between two integers after rounding; None where that is a close call.
    pub fn rounds_into(&self, least: i64, most: i64) -> Option<bool> {
        let inside = |number: &Number| {
            let (least, most) = (Number::integer(least), Number::integer(most));
            Some(number.compare(&least)?.is_ge() && number.compare(&most)?.is_le())
        };
        match self.scale {
            0 => inside(self),
            _ => {
                let half = Number::new(5, 1);
                let (down, up) = (self.subtract(&half)?, self.add(&half)?);
                (inside(&down)? == inside(&up)?).then_some(inside(&down)?)
            }
        }
    }

    /// Digits before the point; 0 has none.
    pub fn whole_digits(&self) -> u32 {
        let mut whole = self.digits.unsigned_abs();
        for _ in 0..self.scale {
            whole /= 10;
        }
        match whole {
            0 => 0,
            whole => whole.ilog10() + 1,
        }
    }

    /// None when it is not whole or too large.
    pub fn to_integer(self) -> Option<i64> {
        (self.scale == 0)
            .then(|| i64::try_from(self.digits).ok())
            .flatten()
    }

    fn aligned(&self, other: &Number) -> Option<(i128, i128, u32)> {
        let scale = self.scale.max(other.scale);
        let lift = |number: &Number| {
            number
                .digits
                .checked_mul(10i128.checked_pow(scale - number.scale)?)
        };
        Some((lift(self)?, lift(other)?, scale))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::read(text).unwrap()
    }

    #[test]
    fn spellings_of_a_value_are_equal() {
        assert_eq!(number("1.50"), number("15e-1"));
        assert_eq!(number("1e3"), Number::integer(1000));
        assert_eq!(number("-.5"), number("-0.5"));
        for bad in ["", "-", "NaN", "1.2.3", "infinity", "1e999"] {
            assert_eq!(Number::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn arithmetic_is_exact() {
        assert_eq!(number("2999").add(&number("1")), Some(number("3000")));
        assert_eq!(number("0.1").multiply(&number("0.2")), Some(number("0.02")));
        assert_eq!(number("1").subtract(&number("1.5")), Some(number("-0.5")));
        assert_eq!(number("9.99").compare(&number("10")), Some(Ordering::Less));
    }
}
