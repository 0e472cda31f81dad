//! library LIBRARY.so: a compiled model that is loaded, beside the same network in libloom: the same bits.

use loom::{Model, Network, Status, Training};

fn main() {
    let path = std::env::args().nth(1).expect("a library");
    let compiled = unsafe { Model::from_library(&path, None) }.unwrap();
    let model = Model::options().training(true).from_json(&compiled.description()).unwrap();
    let mut networks: [Network<f32>; 2] = [compiled.network().unwrap(), model.network().unwrap()];
    let (inputs, targets) = ([0., 0., 0., 1., 1., 0., 1., 1.], [0., 1., 1., 0.]);
    let results: Vec<_> = networks
        .iter_mut()
        .map(|net| {
            let losses = net.train(&inputs, &targets, &Training::new().epochs(25)).unwrap();
            (losses, net.run(&inputs).unwrap(), net.save().unwrap(), net.to_bundle().unwrap())
        })
        .collect();
    assert!(results[0] == results[1], "{results:?}");

    let refused = |id: Option<&str>, path: &str| unsafe { Model::from_library(path, id) }.unwrap_err().status();
    assert_eq!(refused(Some("other"), &path), Status::NotFound);
    assert_eq!(refused(None, "/no/such.so"), Status::Io);
    assert_eq!(networks[0].train_step(&inputs[..1], &targets).unwrap_err().status(), Status::Argument);
}
