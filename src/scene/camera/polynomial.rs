//! The first place where a polynomial is no longer positive.

/// The least `x` in `(0, end]` at which a polynomial that is positive at 0 comes down to 0; `None` where it stays positive.
/// Coefficients from the constant one upwards.
///
/// Between two neighbouring roots of its derivative a polynomial rises or falls, so that one look at both ends tells whether it
/// crosses 0 there; the roots of the derivative are found the same way. (Where it touches 0 and comes back, it may go unseen.)
pub(super) fn first_root(coefficients: &[f64], end: f64) -> Option<f64> {
    crossings(coefficients, end).first().copied()
}

/// Where the sign changes, in order.
fn crossings(coefficients: &[f64], end: f64) -> Vec<f64> {
    let [_, higher @ ..] = coefficients else { return Vec::new() };
    if higher.iter().all(|&c| c == 0.0) {
        return Vec::new();
    }
    let derivative: Vec<f64> = (1..).zip(higher).map(|(power, c)| f64::from(power) * c).collect();
    let mut found = Vec::new();
    let mut low = 0.0;
    for high in crossings(&derivative, end).into_iter().chain([end]) {
        let (a, b) = (value(coefficients, low), value(coefficients, high));
        if (a > 0.0) != (b > 0.0) {
            found.push(bisect(coefficients, low, high, a > 0.0));
        }
        low = high;
    }
    found
}

/// Horner's rule.
pub(super) fn value(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// To the last bit, on the side of `low`.
fn bisect(coefficients: &[f64], mut low: f64, mut high: f64, positive: bool) -> f64 {
    // 1100 halvings lead from the largest number to the smallest.
    for _ in 0..1100 {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if (value(coefficients, middle) > 0.0) == positive { low = middle } else { high = middle }
    }
    low
}

/// The product of two polynomials.
pub(super) fn times(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut product = vec![0.0; (a.len() + b.len()).saturating_sub(1)];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            product[i + j] += x * y;
        }
    }
    product
}

/// `a - factor b`.
pub(super) fn minus(a: &[f64], b: &[f64], factor: f64) -> Vec<f64> {
    let at = |p: &[f64], k: usize| p.get(k).copied().unwrap_or(0.0);
    (0..a.len().max(b.len())).map(|k| at(a, k) - factor * at(b, k)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_several_roots_is_found() {
        // -(x - 1) (x - 2) (x - 3) = 6 - 11 x + 6 x^2 - x^3
        let p = [6.0, -11.0, 6.0, -1.0];
        assert!((first_root(&p, 10.0).unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(crossings(&p, 10.0).len(), 3);
        assert_eq!(first_root(&p, 0.5), None);
        assert_eq!(first_root(&[1.0], 10.0), None);
        assert_eq!(first_root(&[1.0, 0.0, 2.0], 1e5), None);
        assert_eq!(times(&[1.0, 1.0], &[1.0, -1.0]), [1.0, 0.0, -1.0]);
        assert_eq!(minus(&[1.0], &[1.0, 2.0], 2.0), [-1.0, -4.0]);
    }
}
