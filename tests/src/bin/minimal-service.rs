//! The least that a service on the bus can be with the same libraries as ours (zbus, tokio): what
//! the benches hold `credexd` against. It owns the name that it is told, or `org.example.Minimal1`, and answers one call.

fn main() -> zbus::Result<()> {
    let name = std::env::args().nth(1);
    let name = name.unwrap_or("org.example.Minimal1".to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let bus = zbus::connection::Builder::session()?
            .serve_at("/org/example/Minimal1", Minimal)?
            .name(name)?
            .build()
            .await?;
        bus.closed().await;
        Ok(())
    })
}

struct Minimal;

#[zbus::interface(name = "org.example.Minimal1")]
impl Minimal {
    fn answer(&self) -> u32 {
        42
    }
}
