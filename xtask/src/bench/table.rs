//! The measurements as a table that people read, and that fits into a page of Markdown.

use std::fmt::{self, Display, Formatter};

use super::measure::DISTURBED;
use super::record::{Pair, Record, Row, median};

/// A record, beside a baseline if there is one.
pub(super) struct Table<'a> {
    pub(super) record: &'a Record,
    pub(super) baseline: Option<&'a Record>,
}

impl Display for Table<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.record.machine)?;
        let last = if self.baseline.is_some() { " vs baseline |" } else { "" };
        writeln!(
            f,
            "| workload | measure | by | threads | time a step (middle half) | samples/s | GFLOP/s | of peak | framework | first step | peak memory |{last}"
        )?;
        writeln!(f, "|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|{}", if self.baseline.is_some() { "--:|" } else { "" })?;
        self.record.rows.iter().filter(|row| !row.seconds.is_empty()).try_for_each(|row| self.row(row, f))?;
        self.peers(f)
    }
}

impl Table<'_> {
    fn row(&self, row: &Row, f: &mut Formatter<'_>) -> fmt::Result {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        let (low, high) = row.quartiles();
        let gflops = row.gflops().filter(|gflops| *gflops >= 0.1);
        write!(
            f,
            "| {} | {} | {} | {} | **{}** ({}…{}) | {:.0} | {} | {} | {} | {} | {} |",
            row.workload,
            row.measure,
            row.by,
            row.threads,
            Time(row.step()),
            Time(low),
            Time(high),
            row.samples as f64 / row.step(),
            or_dash(gflops.map(|gflops| format!("{gflops:.1}"))),
            or_dash(gflops.map(|gflops| self.share(row, gflops))),
            or_dash(row.framework_share.map(|share| format!("{:.0} %", 100.0 * share))),
            or_dash(row.first_seconds.map(|seconds| Time(seconds).to_string())),
            or_dash(row.rss().map(|mib| format!("{mib:.0} MiB"))),
        )?;
        if let Some(baseline) = self.baseline {
            let ratio = baseline.like(row).map(|old| format!(" {:.2}× |", old.step() / row.step()));
            write!(f, "{}", ratio.unwrap_or_else(|| " new |".to_owned()))?;
        }
        writeln!(f)
    }

    /// The share of the peak, by the operations asked for and, where they are fewer, by those that were done.
    fn share(&self, row: &Row, gflops: f64) -> String {
        let of_peak = |gflops: f64| format!("{:.0} %", 100.0 * gflops / row.peak());
        let done = row.done_gflops().map_or_else(String::new, |done| format!(" ({} done)", of_peak(done)));
        format!("{}{done} of {:.0}{}", of_peak(gflops), row.peak(), self.disturbed(row))
    }

    /// Says so where the machine was far from its best, however often the row was measured.
    fn disturbed(&self, row: &Row) -> &'static str {
        let machine = &self.record.machine;
        let best = machine.peak_gflops * row.threads as f64 / machine.threads as f64;
        if row.peak() < DISTURBED * best { ", disturbed" } else { "" }
    }

    fn peers(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.record.pairs.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n| workload | peer | its step, ms | ours, ms | we are faster by (lowest…highest) | its memory, MiB | ours, MiB |")?;
        writeln!(f, "|---|---|--:|--:|--:|--:|--:|")?;
        let mut workloads: Vec<&str> = self.record.pairs.iter().map(|pair| pair.workload.as_str()).collect();
        workloads.sort_by_key(|workload| self.record.rows.iter().position(|row| row.workload == *workload));
        workloads.dedup();
        for workload in workloads {
            for (peer, pairs) in self.record.by_peer(self.record.pairs.iter().filter(|pair| pair.workload == workload)) {
                let of = |value: fn(&Pair) -> f64| median(&mut pairs.iter().map(|pair| value(pair)).collect::<Vec<_>>());
                let most = |value: fn(&Pair) -> Option<f64>| {
                    let most = pairs.iter().filter_map(|pair| value(pair)).reduce(f64::max);
                    most.map_or_else(|| "–".to_owned(), |mib| format!("{mib:.0}"))
                };
                let mut ratios: Vec<f64> = pairs.iter().map(|pair| pair.peer_ms / pair.our_ms).collect();
                let ratio = median(&mut ratios);
                let (low, high) = (ratios[0], ratios[ratios.len() - 1]);
                let (theirs, ours) = (of(|pair| pair.peer_ms), of(|pair| pair.our_ms));
                let (their_mib, our_mib) = (most(|pair| pair.peer_mib), most(|pair| pair.our_mib));
                write!(f, "| {workload} | {peer} | {theirs:.4} | {ours:.4} | **{ratio:.2}×** ({low:.2}…{high:.2}) ")?;
                writeln!(f, "| {their_mib} | {our_mib} |")?;
            }
        }
        Ok(())
    }
}

/// Seconds in the unit that suits them.
pub(super) struct Time(pub(super) f64);

impl Display for Time {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (value, unit) = match self.0 {
            seconds if seconds < 1e-3 => (seconds * 1e6, "µs"),
            seconds if seconds < 1.0 => (seconds * 1e3, "ms"),
            seconds => (seconds, "s"),
        };
        let digits = if value < 10.0 {
            2
        } else if value < 100.0 {
            1
        } else {
            0
        };
        write!(f, "{value:.digits$} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_their_unit() {
        let told = [1.234e-7, 0.000_012_34, 0.0567, 123.4].map(|seconds| Time(seconds).to_string());
        assert_eq!(told, ["0.12 µs", "12.3 µs", "56.7 ms", "123 s"]);
    }
}
