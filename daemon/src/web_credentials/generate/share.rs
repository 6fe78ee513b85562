//! Which share of all texts meets rules: how likely a random draft is to be kept, and so what a password
//! that was kept is worth.

/// The share of texts of `length` characters from an alphabet of `letters` that contain at least one of each
/// of `required`, and no character more than `consecutive` times in a row. Each of `required` is given
/// as the letters that belong to it, as bits of a set.
///
/// By inclusion and exclusion over the sets that a text avoids.
pub(super) fn of(letters: u128, required: &[u128], length: usize, consecutive: usize) -> f64 {
    let total = f64::from(letters.count_ones());
    let mut share = 0.0;
    for avoided in 0..1_u32 << required.len() {
        let chosen = required.iter().enumerate();
        let chosen = chosen.filter(|(index, _)| avoided & (1 << index) != 0);
        let left = chosen.fold(letters, |left, (_, set)| left & !set);
        let sign = if avoided.count_ones() % 2 == 0 {
            1.0
        } else {
            -1.0
        };
        share += sign * without_runs(f64::from(left.count_ones()), total, length, consecutive);
    }
    share.clamp(0.0, 1.0)
}

/// The share of texts that consist of `left` of `total` letters, without a longer run than `consecutive`.
fn without_runs(left: f64, total: f64, length: usize, consecutive: usize) -> f64 {
    if consecutive >= length {
        let length = i32::try_from(length).unwrap_or(i32::MAX);
        return (left / total).powi(length);
    }
    // By the length of the run at the end of the text so far.
    let mut runs = vec![0.0; consecutive];
    let Some(first) = runs.first_mut() else {
        return 0.0;
    };
    *first = left / total;
    for _ in 1..length {
        let other: f64 = runs.iter().sum::<f64>() * (left - 1.0).max(0.0) / total;
        runs.rotate_right(1);
        runs.iter_mut().for_each(|run| *run /= total);
        if let Some(first) = runs.first_mut() {
            *first = other;
        }
    }
    runs.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same by writing every text down.
    fn counted(letters: u32, required: &[u128], length: usize, consecutive: usize) -> f64 {
        let total = letters.pow(length.try_into().unwrap());
        let good = (0..total).filter(|text| {
            let text: Vec<u32> = (0..length)
                .map(|at| text / letters.pow(at.try_into().unwrap()) % letters)
                .collect();
            let has = |set: &u128| text.iter().any(|letter| set & (1 << letter) != 0);
            let run = |run: &[u32]| run.iter().all(|letter| *letter == run[0]);
            required.iter().all(has) && !text.windows(consecutive + 1).any(run)
        });
        good.count() as f64 / f64::from(total)
    }

    #[test]
    fn the_share_is_that_of_the_texts_written_down() {
        for required in [
            &[][..],
            &[0b1],
            &[0b11, 0b100],
            &[0b1, 0b10, 0b100],
            &[0b11, 0b110],
        ] {
            for length in 1..7 {
                for consecutive in 1..=length {
                    for letters in 3..5 {
                        let all = (1 << letters) - 1;
                        let share = of(all, required, length, consecutive);
                        let counted = counted(letters, required, length, consecutive);
                        assert!((share - counted).abs() < 1e-12, "{share} {counted}");
                    }
                }
            }
        }
    }
}
