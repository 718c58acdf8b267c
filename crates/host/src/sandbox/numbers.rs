//! Answers to system calls that hang on the number of the call alone, found by a balanced search.
//!
//! The kernel runs a filter once for every call that it knows when the filter is applied, so that
//! a list that is searched from its top costs most of what a sandbox costs.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{BpfProgram, sock_filter};

/// Where the parts of `struct seccomp_data` lie, in bytes (seccomp(2)).
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;

/// The architecture of this build as the kernel names it (linux/audit.h).
#[cfg(target_arch = "x86_64")]
const NATIVE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const NATIVE: u32 = 0xc000_00b7;
#[cfg(target_arch = "riscv64")]
const NATIVE: u32 = 0xc000_00f3;

const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
const RETURN: u32 = libc::BPF_RET | libc::BPF_K;
const JUMP: u32 = libc::BPF_JMP | libc::BPF_JA;
const JUMP_IF_EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
const JUMP_IF_AT_LEAST: u32 = libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K;

/// A program that gives the calls of `answers` theirs (a value of `SECCOMP_RET_*`), kills who calls
/// by the numbers of another architecture, and leaves every other call to what follows it.
pub(super) fn program(answers: &BTreeMap<u32, u32>) -> BpfProgram {
    let mut steps = vec![
        instruction(LOAD, ARCHITECTURE, 0, 0),
        instruction(JUMP_IF_EQUAL, NATIVE, 1, 0),
        instruction(RETURN, libc::SECCOMP_RET_KILL_PROCESS, 0, 0),
        instruction(LOAD, NUMBER, 0, 0),
    ];
    let search: Vec<Step> = search(&ranges(answers));
    let length = search.len();
    steps.extend(search.into_iter().enumerate().map(|(place, step)| match step {
        Step::Ready(instruction) => instruction,
        Step::Leave => instruction(JUMP, distance(length - place - 1), 0, 0),
    }));
    steps
}

/// Numbers from here up to the next range, and their answer; none when it is not decided here.
type Range = (u32, Option<u32>);

enum Step {
    Ready(sock_filter),
    /// A jump to what follows the whole search.
    Leave,
}

fn ranges(answers: &BTreeMap<u32, u32>) -> Vec<Range> {
    let mut ranges: Vec<Range> = vec![(0, None)];
    let mut begin = |start: u32, answer: Option<u32>| match ranges.last_mut() {
        Some(last) if last.1 == answer => {}
        Some(last) if last.0 == start => last.1 = answer,
        _ => ranges.push((start, answer)),
    };
    let mut next = 0;
    for (number, answer) in answers {
        if *number != next {
            begin(next, None);
        }
        begin(*number, Some(*answer));
        next = number + 1;
    }
    begin(next, None);
    ranges
}

fn search(ranges: &[Range]) -> Vec<Step> {
    let [one] = ranges else {
        let (lower, upper) = ranges.split_at(ranges.len() / 2);
        let (start, _) = upper[0];
        let (lower, upper) = (search(lower), search(upper));
        let mut steps = match u8::try_from(lower.len()) {
            Ok(skipped) => vec![instruction(JUMP_IF_AT_LEAST, start, skipped, 0)],
            Err(_) => vec![
                instruction(JUMP_IF_AT_LEAST, start, 0, 1),
                instruction(JUMP, distance(lower.len()), 0, 0),
            ],
        };
        let mut steps: Vec<Step> = steps.drain(..).map(Step::Ready).collect();
        steps.extend(lower);
        steps.extend(upper);
        return steps;
    };
    vec![one.1.map_or(Step::Leave, |answer| Step::Ready(instruction(RETURN, answer, 0, 0)))]
}

/// Programs are shorter than 4,096 instructions.
fn distance(instructions: usize) -> u32 {
    u32::try_from(instructions).unwrap_or(u32::MAX)
}

fn instruction(code: u32, value: u32, when_true: u8, when_false: u8) -> sock_filter {
    // Codes are sums of small constants.
    let code = u16::try_from(code).unwrap_or(u16::MAX);
    sock_filter { code, jt: when_true, jf: when_false, k: value }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the program returns; none when it leaves the call to what follows.
    fn run(program: &[sock_filter], architecture: u32, number: u32) -> Option<u32> {
        let (mut place, mut loaded) = (0, 0);
        while let Some(step) = program.get(place) {
            place += 1;
            let jump = |wanted: bool| usize::from(if wanted { step.jt } else { step.jf });
            match u32::from(step.code) {
                LOAD => loaded = if step.k == NUMBER { number } else { architecture },
                RETURN => return Some(step.k),
                JUMP => place += step.k as usize,
                JUMP_IF_EQUAL => place += jump(loaded == step.k),
                JUMP_IF_AT_LEAST => place += jump(loaded >= step.k),
                other => panic!("unknown code {other}"),
            }
        }
        assert_eq!(place, program.len(), "it ends where the next one begins");
        None
    }

    #[test]
    fn every_number_gets_its_answer_and_no_other() {
        let answers: [BTreeMap<u32, u32>; 4] = [
            BTreeMap::new(),
            BTreeMap::from([(0, 7)]),
            BTreeMap::from([(1, 7), (2, 7), (3, 8), (9, 7), (400, 9)]),
            (0..1200).filter(|number| number % 3 > 0).map(|number| (number, number % 2)).collect(),
        ];
        for answers in answers {
            let program = program(&answers);
            for number in (0..1500).chain([1 << 30, (1 << 30) + 2, u32::MAX]) {
                let found = run(&program, NATIVE, number);
                assert_eq!(found, answers.get(&number).copied(), "{number}");
            }
            assert_eq!(run(&program, 3, 0), Some(libc::SECCOMP_RET_KILL_PROCESS));
        }
    }
}
