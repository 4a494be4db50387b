//! Which part of a dataset is meant: `--shard`, `--frames`.

use scenewright::write::Part;

use super::Failure;
use super::args::RenderArgs;

/// The variables in which a scheduler says which of several tasks this is.
struct Scheduler {
    task: &'static str,
    /// How many there are, where it says so.
    count: Option<&'static str>,
    /// What it counts from, where it says so.
    first: Option<&'static str>,
}

const fn scheduler(task: &'static str, count: Option<&'static str>, first: Option<&'static str>) -> Scheduler {
    Scheduler { task, count, first }
}

/// In the order in which they are asked.
const SCHEDULERS: [Scheduler; 10] = [
    scheduler("SCENEWRIGHT_SHARD", Some("SCENEWRIGHT_SHARDS"), None),
    scheduler("SLURM_ARRAY_TASK_ID", Some("SLURM_ARRAY_TASK_COUNT"), Some("SLURM_ARRAY_TASK_MIN")),
    scheduler("JOB_COMPLETION_INDEX", None, None), // Kubernetes
    scheduler("AWS_BATCH_JOB_ARRAY_INDEX", Some("AWS_BATCH_JOB_ARRAY_SIZE"), None),
    scheduler("BATCH_TASK_INDEX", Some("BATCH_TASK_COUNT"), None), // Google Batch
    scheduler("HQ_TASK_ID", None, None),
    scheduler("SGE_TASK_ID", None, None),
    scheduler("PBS_ARRAY_INDEX", None, None),
    scheduler("LSB_JOBINDEX", None, None),
    scheduler("SKYPILOT_NODE_RANK", Some("SKYPILOT_NUM_NODES"), None),
];

/// What the arguments say.
pub(super) fn part(args: &RenderArgs) -> Result<Part, Failure> {
    if let Some(range) = &args.frames {
        let ends = range.split_once("..").and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        return match ends {
            Some((start, end)) if start < end => Ok(Part::Scenes(start..end)),
            _ => Err(wrong("--frames", range, "such as 100..200, which ends before 200")),
        };
    }
    let Some(shard) = &args.shard else { return Ok(Part::All) };
    let get = |name: &str| std::env::var(name).ok();
    if shard == "auto" {
        let (scheduler, task) = task(get)?;
        let of = number_in(get, scheduler.count.or(SCHEDULERS[0].count))?.ok_or_else(|| {
            Failure::usage(format!(
                "--shard auto: {} is {task}, but nothing says of how many. Write --shard auto/16 for sixteen, or set SCENEWRIGHT_SHARDS",
                scheduler.task
            ))
        })?;
        let first = match args.shard_base {
            Some(base) => base,
            None => number_in(get, scheduler.first)?.unwrap_or(0),
        };
        return shard_of(from_base(scheduler, &task, first)?, of);
    }
    let expected = "such as 3/16, the fourth of sixteen, auto/16, or auto";
    let (number, of) = shard.split_once('/').ok_or_else(|| wrong("--shard", shard, expected))?;
    let of: u64 = of.parse().ok().filter(|&of| of > 0).ok_or_else(|| wrong("--shard", shard, expected))?;
    let number = match number {
        "auto" => {
            let (scheduler, task) = task(get)?;
            from_base(scheduler, &task, args.shard_base.unwrap_or(0))?
        }
        number => number.parse().map_err(|_| wrong("--shard", shard, expected))?,
    };
    shard_of(number, of)
}

fn shard_of(number: u64, of: u64) -> Result<Part, Failure> {
    if number >= of {
        return Err(Failure::usage(format!(
            "there is no shard {number} of {of}: they are counted from 0 to {}. Where tasks are counted from 1, add --shard-base 1",
            of.saturating_sub(1)
        )));
    }
    Ok(Part::Shard { number, of })
}

fn wrong(option: &str, found: &str, expected: &str) -> Failure {
    Failure::usage(format!("{option} {found}: expected {expected}"))
}

/// The first scheduler that says which task this is, and what it says.
fn task(get: impl Fn(&str) -> Option<String>) -> Result<(&'static Scheduler, String), Failure> {
    SCHEDULERS.iter().find_map(|scheduler| Some((scheduler, get(scheduler.task)?))).ok_or_else(|| {
        let names: Vec<&str> = SCHEDULERS.iter().map(|scheduler| scheduler.task).collect();
        Failure::usage(format!(
            "--shard auto: no scheduler says which task this is. None of these is set: {}",
            names.join(", ")
        ))
    })
}

fn from_base(scheduler: &Scheduler, task: &str, base: u64) -> Result<u64, Failure> {
    let number = task.parse::<u64>().ok().and_then(|number| number.checked_sub(base));
    number.ok_or_else(|| {
        Failure::usage(format!("--shard auto: {} is {task}, not a whole number from {base} on", scheduler.task))
    })
}

/// The whole number that a variable holds, if there is such a variable and it is set.
fn number_in(get: impl Fn(&str) -> Option<String>, variable: Option<&str>) -> Result<Option<u64>, Failure> {
    let Some((name, text)) = variable.and_then(|name| Some((name, get(name)?))) else { return Ok(None) };
    match text.parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(Failure::usage(format!("--shard auto: {name} is {text}, not a whole number"))),
    }
}

/// Bytes of `8G`, `512M`, `1.5G`, or a number of bytes.
pub(super) fn size(text: &str) -> Result<u64, Failure> {
    let (number, unit) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 10),
        Some((at, 'm' | 'M')) => (&text[..at], 20),
        Some((at, 'g' | 'G')) => (&text[..at], 30),
        Some((at, 't' | 'T')) => (&text[..at], 40),
        _ => (text, 0),
    };
    let number = number.parse::<f64>().ok().filter(|number| (0.0..1e18).contains(number));
    let number = number.ok_or_else(|| wrong("--max-memory", text, "such as 8G or 512M"))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is not negative")]
    Ok((number * (1_u64 << unit) as f64) as u64)
}
