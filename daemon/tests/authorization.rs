//! A person proves who they are, to the real polkit on a system bus of its own. Serves design §5.
//!
//! All but one need root: polkit gets its actions, its rules and its bus from the test.

#![allow(clippy::unwrap_used, clippy::panic)] // A failure in the scaffold is a failed test.

use std::collections::HashMap;
use std::time::Duration;

use credex_tests::agent::{Agent, Heard, Manners};
use credex_tests::desktop::Desktop;
use credex_tests::patience::{eventually, within};
use credex_tests::polkit::System;
use credex_tests::process;
use credex_tests::stranger::NOBODY;
use credexd::authorization::{Authorization, Polkit, Prospect, Refusal};
use credexd::caller::Process;
use credexd::config::WithoutPolkit;
use futures_util::StreamExt;
use rustix::process::Signal;
use zbus::fdo::{DBusProxy, MonitoringProxy};
use zbus::message::Header;
use zbus::names::BusName;
use zbus::{MatchRule, Message, MessageStream};
use zbus_polkit::policykit1::{AuthorityProxy, ImplicitAuthorization};

/// As installed: the person is asked for the own password.
const NO_RULES: &str = "";

/// One exporter on a computer, and what the daemon would ask about it.
struct Scene {
    system: System,
    program: process::Process,
    polkit: Polkit,
}

impl Scene {
    async fn with_rules(rules: &str) -> Option<Scene> {
        Some(Scene::on(System::with_polkit(rules).await?))
    }

    fn on(system: System) -> Scene {
        Scene {
            program: system.program(),
            polkit: Polkit::new(system.socket(), NOBODY, WithoutPolkit::Ask),
            system,
        }
    }

    fn subject(&self) -> Process {
        Process::of_pid(self.program.pid()).unwrap()
    }

    async fn agent(&self, manners: Manners) -> Agent {
        Agent::of(&self.system, self.program.pid(), manners).await
    }

    async fn prospect(&self) -> Result<Prospect, Refusal> {
        let prospect = self.polkit.prospect(self.subject());
        within("polkit's forecast", prospect).await
    }

    async fn authorize(&self, told: Prospect) -> Result<(), Refusal> {
        let verdict = self.polkit.authorize(self.subject(), told);
        within("polkit's verdict", verdict).await
    }

    /// What is said where the person was told that a proof is asked for.
    async fn refusal(&self) -> Refusal {
        self.authorize(Prospect::Asked).await.unwrap_err()
    }

    /// What is said where nothing may leave unchecked.
    async fn strict_prospect(&self) -> Result<Prospect, Refusal> {
        let socket = self.system.socket();
        let strict = Polkit::new(socket, NOBODY, WithoutPolkit::Refuse);
        within("polkit's forecast", strict.prospect(self.subject())).await
    }
}

/// A rule that answers so.
fn rule(answer: &str) -> String {
    format!(
        "polkit.addRule(function(action, subject) {{ \
           if (action.id == 'org.credex.exchange.export') return polkit.Result.{answer}; }});"
    )
}

#[track_caller]
fn failed(refusal: Refusal) -> String {
    match refusal {
        Refusal::Failed(why) => why,
        Refusal::Denied(why) => panic!("the person is said to have failed: {why}"),
    }
}

#[track_caller]
fn denied(refusal: Refusal) -> String {
    match refusal {
        Refusal::Denied(why) => why,
        Refusal::Failed(why) => panic!("it is said that nobody could be asked: {why}"),
    }
}

#[tokio::test]
async fn a_rule_that_allows_lets_it_pass_without_a_question() {
    let Some(scene) = Scene::with_rules(&rule("YES")).await else {
        return;
    };
    assert_eq!(scene.prospect().await, Ok(Prospect::Waived));
    assert_eq!(scene.authorize(Prospect::Waived).await, Ok(()));
}

#[tokio::test]
async fn a_rule_that_forbids_is_known_before_the_person_is_asked() {
    let Some(scene) = Scene::with_rules(&rule("NO")).await else {
        return;
    };
    assert!(denied(scene.prospect().await.unwrap_err()).contains("rules"));
    assert!(denied(scene.refusal().await).contains("rules"));
}

#[tokio::test]
async fn a_rule_that_changes_while_the_person_chooses_is_obeyed() {
    let Some(scene) = Scene::with_rules(&rule("NO")).await else {
        return;
    };
    let refusal = scene.authorize(Prospect::Waived).await.unwrap_err();
    assert!(denied(refusal).contains("rules"));
}

#[tokio::test]
async fn who_types_the_right_password_may_export_and_is_asked_in_plain_words() {
    let Some(scene) = Scene::with_rules(NO_RULES).await else {
        return;
    };
    let agent = scene.agent(Manners::Prove).await;
    assert_eq!(scene.prospect().await, Ok(Prospect::Asked));
    assert_eq!(scene.authorize(Prospect::Asked).await, Ok(()));
    let Heard::Asked {
        action, message, ..
    } = agent.hears().await
    else {
        panic!("the agent was not asked");
    };
    assert_eq!(action, "org.credex.exchange.export");
    assert!(message.contains("another app"), "{message}");
}

#[tokio::test]
async fn every_export_is_asked_for_anew() {
    let Some(scene) = Scene::with_rules(NO_RULES).await else {
        return;
    };
    let agent = scene.agent(Manners::Prove).await;
    for _ in 0..2 {
        assert_eq!(scene.prospect().await, Ok(Prospect::Asked));
        assert_eq!(scene.authorize(Prospect::Asked).await, Ok(()));
        agent.hears().await;
    }
}

#[tokio::test]
async fn who_types_a_wrong_password_may_not() {
    let Some(scene) = Scene::with_rules(NO_RULES).await else {
        return;
    };
    let _agent = scene.agent(Manners::Fail).await;
    assert!(denied(scene.refusal().await).contains("wrong"));
}

#[tokio::test]
async fn who_waves_the_question_away_may_not() {
    let Some(scene) = Scene::with_rules(NO_RULES).await else {
        return;
    };
    let _agent = scene.agent(Manners::Dismiss).await;
    assert!(denied(scene.refusal().await).contains("dismissed"));
}

#[tokio::test]
async fn where_nothing_asks_for_the_password_the_answer_says_what_to_start() {
    let Some(scene) = Scene::with_rules(NO_RULES).await else {
        return;
    };
    assert_eq!(scene.prospect().await, Ok(Prospect::Asked));
    let why = failed(scene.refusal().await);
    let command = format!("pkttyagent --process {}", scene.program.pid());
    assert!(why.contains(&command), "{why}");
}

#[tokio::test]
async fn a_question_that_has_become_moot_is_taken_back() {
    let Some(scene) = Scene::with_rules(NO_RULES).await else {
        return;
    };
    let agent = scene.agent(Manners::Hang).await;
    let monitor = scene.system.connect().await;
    let mut overheard = MessageStream::from(&monitor);
    let listening = MonitoringProxy::new(&monitor).await.unwrap();
    let cancels = MatchRule::builder().member("CancelCheckAuthorization");
    let cancels = [cancels.unwrap().build()];
    listening.become_monitor(&cancels, 0).await.unwrap();
    let asked = tokio::select! {
        verdict = scene.authorize(Prospect::Asked) => panic!("a verdict: {verdict:?}"),
        heard = agent.hears() => heard,
    };
    let Heard::Asked { cookie, .. } = asked else {
        panic!("the agent was not asked");
    };
    assert_eq!(agent.hears().await, Heard::TakenBack { cookie });
    let is_said = |message: Message| {
        let said = message.header().member().map(ToString::to_string);
        said.is_some_and(|said| said == "CancelCheckAuthorization")
    };
    let said = async { while !is_said(overheard.next().await.unwrap().unwrap()) {} };
    within("polkit to be told", said).await;
}

#[tokio::test]
async fn a_polkit_that_stands_still_is_no_polkit_that_is_missing() {
    let Some(scene) = Scene::with_rules(NO_RULES).await else {
        return;
    };
    let polkit = scene.system.polkit();
    polkit.freeze().await;
    let socket = scene.system.socket();
    let hasty = Polkit::new(socket, NOBODY, WithoutPolkit::Ask);
    let hasty = hasty.patience(Duration::from_millis(200));
    let prospect = within("an end", hasty.prospect(scene.subject())).await;
    let why = failed(prospect.unwrap_err());
    assert!(why.contains("has not answered"), "{why}");
    polkit.signal(Signal::CONT);
}

#[tokio::test]
async fn a_polkit_that_stands_still_while_it_asks_decides_nothing_until_it_goes_on() {
    let Some(scene) = Scene::with_rules(NO_RULES).await else {
        return;
    };
    let agent = scene.agent(Manners::Hang).await;
    let polkit = scene.system.polkit();
    {
        let verdict = scene.authorize(Prospect::Asked);
        tokio::pin!(verdict);
        tokio::select! {
            verdict = &mut verdict => panic!("a verdict: {verdict:?}"),
            _ = agent.hears() => {}
        }
        tokio::select! {
            verdict = &mut verdict => panic!("a verdict: {verdict:?}"),
            () = polkit.freeze() => {}
        }
        // The exchange expires here: the question is dropped while polkit cannot hear of it.
    }
    polkit.signal(Signal::CONT);
    assert!(matches!(agent.hears().await, Heard::TakenBack { .. }));
}

#[tokio::test]
async fn a_polkit_that_dies_while_it_asks_ends_the_question_at_once() {
    let Some(mut scene) = Scene::with_rules(NO_RULES).await else {
        return;
    };
    let agent = scene.agent(Manners::Hang).await;
    let subject = scene.subject();
    let verdict = scene.polkit.authorize(subject, Prospect::Asked);
    let dies = async {
        agent.hears().await;
        scene.system.kill_polkit();
    };
    let (verdict, ()) = within("an end", async { tokio::join!(verdict, dies) }).await;
    let why = failed(verdict.unwrap_err());
    assert!(why.contains("polkit ended"), "{why}");
}

#[tokio::test]
async fn a_system_bus_that_dies_while_polkit_asks_ends_the_question_at_once() {
    let Some(mut scene) = Scene::with_rules(NO_RULES).await else {
        return;
    };
    let agent = scene.agent(Manners::Hang).await;
    let subject = scene.subject();
    let verdict = scene.polkit.authorize(subject, Prospect::Asked);
    let dies = async {
        agent.hears().await;
        scene.system.kill_bus();
    };
    let (verdict, ()) = within("an end", async { tokio::join!(verdict, dies) }).await;
    let why = failed(verdict.unwrap_err());
    assert!(why.contains("system bus"), "{why}");
}

#[tokio::test]
async fn a_polkit_that_goes_away_while_the_person_chooses_lets_nothing_pass() {
    let Some(mut scene) = Scene::with_rules(&rule("YES")).await else {
        return;
    };
    assert_eq!(scene.prospect().await, Ok(Prospect::Waived));
    scene.system.kill_polkit();
    let connection = scene.system.connect().await;
    let bus = DBusProxy::new(&connection).await.unwrap();
    let name = BusName::from_static_str("org.freedesktop.PolicyKit1").unwrap();
    while bus.name_has_owner(name.clone()).await.unwrap() {}
    for told in [Prospect::Waived, Prospect::Asked] {
        let why = failed(scene.authorize(told).await.unwrap_err());
        assert!(why.contains("no polkit"), "{why}");
    }
}

/// Where nothing can check, the configuration decides, and only one who was told so is let pass.
async fn configuration_decides(scene: &Scene, why: &str) {
    assert_eq!(scene.prospect().await, Ok(Prospect::Unchecked));
    assert_eq!(scene.authorize(Prospect::Unchecked).await, Ok(()));
    for told in [Prospect::Asked, Prospect::Waived] {
        let said = failed(scene.authorize(told).await.unwrap_err());
        assert!(said.contains(why), "{said}");
    }
    let said = failed(scene.strict_prospect().await.unwrap_err());
    assert!(said.contains(why) && said.contains("set up"), "{said}");
    let strict = Polkit::new(scene.system.socket(), NOBODY, WithoutPolkit::Refuse);
    let subject = scene.subject();
    let refusal = strict.authorize(subject, Prospect::Unchecked).await;
    failed(refusal.unwrap_err());
}

#[tokio::test]
async fn without_polkit_the_configuration_decides() {
    let Some(system) = System::open() else {
        return;
    };
    configuration_decides(&Scene::on(system), "no polkit").await;
}

#[tokio::test]
async fn without_a_system_bus_the_configuration_decides() {
    let Some(mut system) = System::open() else {
        return;
    };
    // Its socket is left behind: nobody listens.
    system.kill_bus();
    let scene = Scene::on(system);
    configuration_decides(&scene, "no system bus").await;
    std::fs::remove_file(scene.system.socket()).unwrap();
    configuration_decides(&scene, "no system bus").await;
}

#[tokio::test]
async fn where_the_action_is_not_installed_the_configuration_decides() {
    let Some(mut system) = System::open() else {
        return;
    };
    system.start_polkit().await;
    configuration_decides(&Scene::on(system), "org.credex.exchange.policy").await;
}

#[tokio::test]
async fn the_system_bus_lets_nobody_answer_in_place_of_polkit() {
    let Some(scene) = Scene::with_rules(NO_RULES).await else {
        return;
    };
    let (waiting, forger) = (scene.system.connect().await, scene.system.connect().await);
    let call = Message::method_call("/", "Anything")
        .unwrap()
        .sender(waiting.unique_name().unwrap())
        .unwrap()
        .build(&())
        .unwrap();
    let reply = yes(&call.header());
    let mut answers = MessageStream::from(&forger);
    let serial = reply.primary_header().serial_num();
    forger.send(&reply).await.unwrap();
    let answer = within("the bus to refuse the reply", async {
        loop {
            let message = answers.next().await.unwrap().unwrap();
            if message.header().reply_serial() == Some(serial) {
                return message;
            }
        }
    })
    .await;
    let name = answer.header().error_name().map(ToString::to_string);
    assert_eq!(
        name.as_deref(),
        Some("org.freedesktop.DBus.Error.AccessDenied")
    );
}

/// A bus without a policy of its own, on which the name of polkit is `authority`'s, who keeps silent.
/// Whatever it is asked, `forger` answers with yes.
#[tokio::test]
async fn a_yes_that_comes_from_somebody_else_than_polkit_is_not_believed() {
    let desktop = Desktop::plan().activated().open().await;
    let (authority, forger) = (desktop.bus.connect().await, desktop.bus.connect().await);
    let mut calls = MessageStream::from(&authority);
    authority
        .request_name("org.freedesktop.PolicyKit1")
        .await
        .unwrap();
    let forges = async {
        while let Some(Ok(call)) = calls.next().await {
            if call.header().member().map(|name| name.as_str()) == Some("CheckAuthorization") {
                forger.send(&yes(&call.header())).await.unwrap();
            }
        }
    };
    let socket = desktop.bus.address().trim_start_matches("unix:path=");
    let polkit = Polkit::new(socket, NOBODY, WithoutPolkit::Ask);
    let subject = Process::of_pid(std::process::id()).unwrap();
    let verdict = tokio::select! {
        verdict = within("an end", polkit.authorize(subject, Prospect::Asked)) => verdict,
        () = forges => panic!("the bus is gone"),
    };
    let why = failed(verdict.unwrap_err());
    assert!(why.contains("somebody else answered"), "{why}");
}

/// What polkit answers when something may be done.
fn yes(call: &Header<'_>) -> Message {
    let result = (true, false, HashMap::<String, String>::new());
    let reply = Message::method_return(call).unwrap();
    reply.build(&(result,)).unwrap()
}

#[tokio::test]
async fn the_action_asks_for_the_own_password_in_every_kind_of_session() {
    let Some(scene) = Scene::with_rules(NO_RULES).await else {
        return;
    };
    let connection = scene.system.connect().await;
    let authority = AuthorityProxy::new(&connection).await.unwrap();
    let actions = authority.enumerate_actions("C").await.unwrap();
    let [action] = actions.as_slice() else {
        panic!("{actions:?}");
    };
    assert_eq!(action.action_id, "org.credex.exchange.export");
    assert_eq!(action.vendor_name, "Credex");
    let defaults = [
        &action.implicit_any,
        &action.implicit_inactive,
        &action.implicit_active,
    ];
    for default in defaults {
        assert_eq!(*default, ImplicitAuthorization::AuthenticationRequired);
    }
}

#[tokio::test]
async fn no_connection_to_the_system_bus_is_left_when_nothing_goes_on() {
    let Some(scene) = Scene::with_rules(NO_RULES).await else {
        return;
    };
    let _agent = scene.agent(Manners::Prove).await;
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open();
    assert_eq!(scene.prospect().await, Ok(Prospect::Asked));
    assert_eq!(scene.authorize(Prospect::Asked).await, Ok(()));
    eventually("the open files as before", open, |now| *now <= before).await;
}
