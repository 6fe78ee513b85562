//! As much of the kernel's machine as filters of system calls are written for, to hold one against another.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use libc::{
    BPF_ABS, BPF_ALU, BPF_AND, BPF_JA, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JMP, BPF_K, BPF_LD, BPF_RET,
    BPF_W,
};
use seccompiler::{TargetArch, sock_filter};

pub(crate) const EPERM: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM.unsigned_abs();
pub(crate) const ENOSYS: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs();

/// What a filter looks at, `struct seccomp_data`.
pub(crate) struct Data {
    pub(crate) number: u32,
    pub(crate) architecture: u32,
    pub(crate) arguments: [u64; 6],
}

impl Data {
    /// A call of this processor's.
    pub(crate) fn of(number: u32, arguments: [u64; 6]) -> Data {
        let architecture = TargetArch::try_from(std::env::consts::ARCH).unwrap();
        let machine = match architecture {
            TargetArch::x86_64 => libc::EM_X86_64,
            TargetArch::aarch64 => libc::EM_AARCH64,
            TargetArch::riscv64 => libc::EM_RISCV,
        };
        Data {
            number,
            architecture: 0xc000_0000 | u32::from(machine), // 64 bits, little-endian.
            arguments,
        }
    }

    fn word(&self, at: usize) -> u32 {
        let mut bytes = [self.number, self.architecture, 0, 0]
            .map(u32::to_ne_bytes)
            .concat();
        bytes.extend(self.arguments.map(u64::to_ne_bytes).concat());
        u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap())
    }
}

/// What `program` says of a call.
pub(crate) fn outcome(program: &[sock_filter], data: &Data) -> u32 {
    let mut loaded = 0;
    let mut instructions = program.iter();
    loop {
        let each = instructions.next().expect("a filter ends with an action");
        let jump = |holds| usize::from(if holds { each.jt } else { each.jf });
        const LOAD: u32 = BPF_LD | BPF_W | BPF_ABS;
        const AND: u32 = BPF_ALU | BPF_AND | BPF_K;
        const ALWAYS: u32 = BPF_JMP | BPF_JA;
        const EQUAL: u32 = BPF_JMP | BPF_JEQ | BPF_K;
        const ABOVE: u32 = BPF_JMP | BPF_JGT | BPF_K;
        const FROM: u32 = BPF_JMP | BPF_JGE | BPF_K;
        const RETURN: u32 = BPF_RET | BPF_K;
        let skipped = match u32::from(each.code) {
            RETURN => return each.k,
            LOAD => {
                loaded = data.word(each.k as usize);
                0
            }
            AND => {
                loaded &= each.k;
                0
            }
            ALWAYS => each.k as usize,
            EQUAL => jump(loaded == each.k),
            ABOVE => jump(loaded > each.k),
            FROM => jump(loaded >= each.k),
            other => panic!("an instruction {other:#x}"),
        };
        if skipped > 0 {
            instructions.nth(skipped - 1);
        }
    }
}
