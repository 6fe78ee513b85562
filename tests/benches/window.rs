//! From start to first frame: the chooser against a bare libadwaita window, and zenity.
//!
//! `cargo bench -p credex-tests --bench window`; the programs are taken from beside the bench.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench talks and may fail loudly"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use credex_protocol::wire::{ChooseRequest, ImporterInfo};
use credex_tests::desktop::Desktop;
use credex_tests::process::Process;
use credex_tests::programs;
use credex_tests::screen::Screen;
use credex_tests::stage::Stage;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, ImageFormat};

const ROUNDS: usize = 15;
const WIDTH: u16 = 800;
const HEIGHT: u16 = 700;

fn main() {
    let Some(screen) = Screen::open(WIDTH.into(), HEIGHT.into()) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let desktop = runtime.block_on(Desktop::plan().with_windows(&screen).open());
    let [mut bare, mut ours, mut zenity] = [const { Vec::new() }; 3];
    // The first round only warms what is read from files.
    for round in 0..=ROUNDS {
        let times = [
            plain(&desktop, &screen, &[example().display().to_string()]),
            runtime.block_on(chooser(&desktop, &screen)),
            plain(
                &desktop,
                &screen,
                &["zenity", "--question", "--text=Send?"].map(str::to_owned),
            ),
        ];
        if round > 0 {
            for (all, time) in [&mut bare, &mut ours, &mut zenity].into_iter().zip(times) {
                all.push(time);
            }
        }
    }
    let [bare, ours, zenity] = [bare, ours, zenity].map(median);
    let ratio = |floor: Duration| ours.as_secs_f64() / floor.as_secs_f64();
    println!("bare libadwaita window  {bare:>9.1?}");
    println!(
        "zenity                  {zenity:>9.1?}   the chooser: {:.2} of it, aim: below 1",
        ratio(zenity)
    );
    println!(
        "the chooser             {ours:>9.1?}   {:.2} of the bare window, aim: at most 1.3",
        ratio(bare)
    );
}

/// A program of its own.
fn plain(desktop: &Desktop, screen: &Screen, words: &[String]) -> Duration {
    let watch = watch(screen);
    let start = Instant::now();
    let mut command = Command::new(&words[0]);
    command
        .args(&words[1..])
        .env_clear()
        .envs(desktop.environment().iter().cloned());
    let process = Process::start(&mut command, &desktop.path("bench.log"));
    let shown = watch.join().unwrap();
    end(process, screen);
    shown - start
}

/// The chooser, with a question to show.
async fn chooser(desktop: &Desktop, screen: &Screen) -> Duration {
    let watch = watch(screen);
    let program = programs::credex_chooser_gtk();
    let start = Instant::now();
    let stage = Stage::open(&program, desktop.environment(), &desktop.path("bench.log")).await;
    let request = ChooseRequest {
        counts: Some([("basic-auth".to_owned(), 142)].into()),
        importers: Some(vec![ImporterInfo {
            id: Some("org.example.Vault".into()),
            ..ImporterInfo::default()
        }]),
        ..ChooseRequest::default()
    };
    let shown = tokio::task::spawn_blocking(|| watch.join().unwrap());
    let shown = tokio::select! {
        shown = shown => shown.unwrap(),
        answer = stage.chooser.choose_importer("x", "", request) => panic!("{answer:?}"),
    };
    end(stage.process, screen);
    shown - start
}

/// When something is drawn.
fn watch(screen: &Screen) -> JoinHandle<Instant> {
    let (server, number) = x11rb::connect(Some(screen.display())).unwrap();
    let root = server.setup().roots[number].root;
    std::thread::spawn(move || {
        while is_black(&server, root) {
            std::thread::sleep(Duration::from_micros(500));
        }
        Instant::now()
    })
}

fn end(mut process: Process, screen: &Screen) {
    process.kill();
    let (server, number) = x11rb::connect(Some(screen.display())).unwrap();
    let root = server.setup().roots[number].root;
    while !is_black(&server, root) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_black(server: &impl Connection, root: u32) -> bool {
    // A line across the middle of the screen, and one down: every window here touches one of them.
    [(0, HEIGHT / 2, WIDTH, 1), (WIDTH / 4, 0, 1, HEIGHT)]
        .into_iter()
        .all(|(x, y, width, height)| {
            let (x, y) = (i16::try_from(x).unwrap(), i16::try_from(y).unwrap());
            let image = server.get_image(ImageFormat::Z_PIXMAP, root, x, y, width, height, !0);
            let image = image.unwrap().reply().unwrap();
            image.data.chunks(4).all(|pixel| pixel[..3] == [0, 0, 0])
        })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// The bare window, which cargo builds among the examples.
fn example() -> PathBuf {
    let program = programs::credex_chooser_gtk();
    let example = program
        .parent()
        .unwrap_or(Path::new(""))
        .join("examples/bare-window");
    assert!(
        example.is_file(),
        "build it first: cargo build -p credex-chooser-gtk --examples --bins"
    );
    example
}
