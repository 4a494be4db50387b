//! Weights of scenes under which averages of what they hold are as wanted, and that change the dice as little as can be.
//!
//! Given numbers `f(s)` of each scene `s` whose weighted averages are to be 0 (or at least 0), the weights nearest to equal ones (least
//! relative entropy) are `w(s) = exp(l . f(s))`, where `l` minimises the convex `log mean exp(l . f)` (with `l >= 0` for "at least"):
//! Csiszar, "I-divergence geometry of probability distributions and minimization problems" (1975). There are such weights
//! exactly where 0 lies within the convex hull of the `f(s)`; else `l` has no end, and the averages do not come to 0.

/// Solved weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Tilt {
    /// `l`, per condition.
    lambda: Vec<f64>,
    /// Largest exponent of the scenes that it was solved for.
    top: f64,
    /// Mean weight over the largest one: how often a scene is accepted.
    pub acceptance: f64,
    /// How many equally weighted scenes the weighted ones are worth (Kish): the square of the sum over the sum of squares.
    pub effective: f64,
    /// Weight of each of the scenes that it was solved for; their sum is 1.
    pub weights: Vec<f64>,
}

/// Enough for any well-posed problem; Newton's method takes about ten.
const MOST_STEPS: u32 = 200;

impl Tilt {
    /// The weights for these scenes, each with one number per condition, as near to what is wanted as can be had. Averages are to be 0,
    /// or at least 0 where `at_least` says so.
    pub fn solve(scenes: &[Vec<f64>], at_least: &[bool]) -> Self {
        let conditions = at_least.len();
        // Each condition in its own unit, or Newton's matrix is ill-conditioned.
        let unit: Vec<f64> = (0..conditions)
            .map(|j| {
                let square: f64 = scenes.iter().map(|f| f[j] * f[j]).sum();
                let rms = (square / scenes.len().max(1) as f64).sqrt();
                if rms > 0.0 { rms } else { 1.0 }
            })
            .collect();
        let scaled: Vec<Vec<f64>> =
            scenes.iter().map(|f| f.iter().zip(&unit).map(|(f, unit)| f / unit).collect()).collect();
        let mut lambda = vec![0.0; conditions];
        let mut state = State::at(&scaled, &lambda);
        for _ in 0..MOST_STEPS {
            let gradient = state.gradient(&scaled);
            let free: Vec<usize> =
                (0..conditions).filter(|&j| !at_least[j] || lambda[j] > 0.0 || gradient[j] < 0.0).collect();
            if free.iter().all(|&j| gradient[j].abs() < 1e-10) {
                break;
            }
            let direction = newton(&state.covariance(&scaled, &gradient, &free), &free, &gradient);
            let Some((next, at)) = step(&scaled, &lambda, at_least, &state, &gradient, &free, &direction) else {
                break;
            };
            (lambda, state) = (next, at);
        }
        let total: f64 = state.weights.iter().sum();
        let squares: f64 = state.weights.iter().map(|w| w * w).sum();
        Self {
            lambda: lambda.iter().zip(&unit).map(|(l, unit)| l / unit).collect(),
            top: state.top,
            acceptance: total / scenes.len().max(1) as f64,
            effective: if squares > 0.0 { total * total / squares } else { 0.0 },
            weights: state.weights.iter().map(|w| w / total).collect(),
        }
    }

    /// The probability to accept a scene with these numbers.
    pub fn probability(&self, numbers: &[f64]) -> f64 {
        libm::exp((dot(&self.lambda, numbers) - self.top).min(0.0))
    }
}

/// What is known at some `l`.
struct State {
    /// Relative to the largest.
    weights: Vec<f64>,
    /// Largest exponent.
    top: f64,
    /// `log mean exp(l . f)`.
    value: f64,
}

impl State {
    fn at(scenes: &[Vec<f64>], lambda: &[f64]) -> Self {
        let exponents: Vec<f64> = scenes.iter().map(|f| dot(lambda, f)).collect();
        let top = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = exponents.iter().map(|e| libm::exp(e - top)).collect();
        let mean = weights.iter().sum::<f64>() / scenes.len().max(1) as f64;
        Self { weights, top, value: top + libm::log(mean) }
    }

    /// The weighted averages.
    fn gradient(&self, scenes: &[Vec<f64>]) -> Vec<f64> {
        let total: f64 = self.weights.iter().sum();
        let mut gradient = vec![0.0; scenes.first().map_or(0, Vec::len)];
        for (w, f) in self.weights.iter().zip(scenes) {
            gradient.iter_mut().zip(f).for_each(|(g, f)| *g += w / total * f);
        }
        gradient
    }

    /// The weighted covariance of the free conditions: its lower half, row by row.
    fn covariance(&self, scenes: &[Vec<f64>], mean: &[f64], free: &[usize]) -> Vec<Vec<f64>> {
        let total: f64 = self.weights.iter().sum();
        let mut matrix: Vec<Vec<f64>> = (0..free.len()).map(|i| vec![0.0; i + 1]).collect();
        for (w, f) in self.weights.iter().zip(scenes) {
            let w = w / total;
            if w < 1e-18 {
                continue;
            }
            let off: Vec<f64> = free.iter().map(|&j| f[j] - mean[j]).collect();
            for (i, row) in matrix.iter_mut().enumerate() {
                row.iter_mut().zip(&off).for_each(|(cell, other)| *cell += w * off[i] * other);
            }
        }
        // So that conditions that say the same do not make it singular.
        for (i, row) in matrix.iter_mut().enumerate() {
            row[i] += 1e-9;
        }
        matrix
    }
}

/// The direction of Newton's method, by Cholesky's decomposition.
fn newton(matrix: &[Vec<f64>], free: &[usize], gradient: &[f64]) -> Vec<f64> {
    let n = free.len();
    let mut l: Vec<Vec<f64>> = matrix.to_vec();
    for i in 0..n {
        for j in 0..=i {
            let inner: f64 = (0..j).map(|k| l[i][k] * l[j][k]).sum();
            let rest = l[i][j] - inner;
            l[i][j] = if i == j { rest.max(1e-12).sqrt() } else { rest / l[j][j] };
        }
    }
    let mut x: Vec<f64> = free.iter().map(|&j| -gradient[j]).collect();
    for i in 0..n {
        let inner: f64 = (0..i).map(|k| l[i][k] * x[k]).sum();
        x[i] = (x[i] - inner) / l[i][i];
    }
    for i in (0..n).rev() {
        let inner: f64 = (i + 1..n).map(|k| l[k][i] * x[k]).sum();
        x[i] = (x[i] - inner) / l[i][i];
    }
    x
}

/// One step, halved until it leads down (Armijo); `None` where none does.
fn step(
    scenes: &[Vec<f64>],
    lambda: &[f64],
    at_least: &[bool],
    state: &State,
    gradient: &[f64],
    free: &[usize],
    direction: &[f64],
) -> Option<(Vec<f64>, State)> {
    /// Exponents beyond this are of conditions that cannot be met.
    const FARTHEST: f64 = 200.0;
    let longest = direction.iter().fold(0.0f64, |most, d| most.max(d.abs()));
    let mut share = (20.0 / longest.max(20.0)).min(1.0);
    while share > 1e-10 {
        let mut next = lambda.to_vec();
        for (&j, d) in free.iter().zip(direction) {
            next[j] = (next[j] + share * d).clamp(if at_least[j] { 0.0 } else { -FARTHEST }, FARTHEST);
        }
        let gain: f64 = gradient.iter().zip(next.iter().zip(lambda)).map(|(g, (a, b))| g * (a - b)).sum();
        let there = State::at(scenes, &next);
        if gain < 0.0 && there.value <= state.value + 1e-4 * gain {
            return Some((next, there));
        }
        share /= 2.0;
    }
    None
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
