//! Which part of a dataset is meant: `--shard`, `--frames`.

use scenewright::write::Part;

use super::Failure;
use super::args::RenderArgs;

/// Where schedulers say which of several tasks this is, in the order in which they are asked.
const TASK: [&str; 10] = [
    "SCENEWRIGHT_SHARD",
    "SLURM_ARRAY_TASK_ID",
    "JOB_COMPLETION_INDEX", // Kubernetes
    "AWS_BATCH_JOB_ARRAY_INDEX",
    "BATCH_TASK_INDEX", // Google Batch
    "HQ_TASK_ID",
    "SGE_TASK_ID",
    "PBS_ARRAY_INDEX",
    "LSB_JOBINDEX",
    "SKYPILOT_NODE_RANK",
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
    let expected = "such as 3/16, the fourth of sixteen, or auto/16";
    let (number, of) = shard.split_once('/').ok_or_else(|| wrong("--shard", shard, expected))?;
    let of: u64 = of.parse().ok().filter(|&of| of > 0).ok_or_else(|| wrong("--shard", shard, expected))?;
    let number = match number {
        "auto" => task(args.shard_base)?,
        number => number.parse().map_err(|_| wrong("--shard", shard, expected))?,
    };
    if number >= of {
        return Err(Failure::usage(format!(
            "there is no shard {number} of {of}: they are counted from 0 to {}. Where tasks are counted from 1, add --shard-base 1",
            of - 1
        )));
    }
    Ok(Part::Shard { number, of })
}

fn wrong(option: &str, found: &str, expected: &str) -> Failure {
    Failure::usage(format!("{option} {found}: expected {expected}"))
}

fn task(base: u64) -> Result<u64, Failure> {
    let found = TASK.iter().find_map(|name| Some((name, std::env::var(name).ok()?)));
    let Some((name, value)) = found else {
        return Err(Failure::usage(format!(
            "--shard auto: no scheduler says which task this is. None of these is set: {}",
            TASK.join(", ")
        )));
    };
    let number = value.parse::<u64>().ok().and_then(|number| number.checked_sub(base));
    number.ok_or_else(|| Failure::usage(format!("--shard auto: {name} is {value}, not a whole number from {base} on")))
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
