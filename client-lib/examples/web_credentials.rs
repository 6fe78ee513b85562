//! Signs in with a password that is shared with a website, and saves a new one if there is none:
//! `cargo run -p credex --example web_credentials -- org.example.Shop example.org ada`.

#![allow(clippy::print_stdout)]

use std::error::Error;

use credex::{PasswordFormat, Reason, SharedWebCredentials, Wanted};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [app_id, domain, account] = arguments.as_slice() else {
        return Err("give an app's ID, a domain that it declares, and a user name".into());
    };
    let shared = SharedWebCredentials::connect(app_id.as_str()).await?;

    let wanted = Wanted::any().domain(domain).account(account);
    match shared.request(wanted).await {
        Ok(saved) => {
            let length = saved.password.expose().chars().count();
            println!("{} has a password of {length} characters", saved.account);
            return Ok(());
        }
        Err(error) if error.reason() == Some(Reason::NoCredential) => println!("{error}"),
        Err(error) => return Err(error.into()),
    }

    let new = shared.generate(PasswordFormat::Grouped).await?;
    println!("made a password of {:.1} bits", new.entropy);
    let change = shared.add(domain, account, &new.password).await?;
    println!("{}", change.name());
    Ok(())
}
