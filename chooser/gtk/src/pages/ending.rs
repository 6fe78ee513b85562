//! How an exchange ended: the receipt, or what happened instead.

use crate::acts::{Act, Acts};
use crate::parts::{self, Step};
use crate::{accessible, words};

/// The last page.
pub(crate) struct Ending {
    pub(crate) step: Step,
    pub(crate) close: gtk::Button,
}

impl Ending {
    /// Says `lines`, the first of them the news. `sign`: the icon over them.
    pub(crate) fn new(sign: &str, lines: &[String], acts: &Acts) -> Ending {
        let step = Step::new();
        step.add(&parts::picture(sign, 48));
        if let Some((news, rest)) = lines.split_first() {
            step.add(&parts::headline(news));
            for line in rest {
                step.add(&parts::text(line, &[]));
            }
        }
        let close = parts::button(&words::close(), &[]);
        accessible::describe(&close, &lines.join(" "));
        acts.when_pressed(&close, Act::Leave);
        step.add_button(&close);
        Ending { step, close }
    }
}
