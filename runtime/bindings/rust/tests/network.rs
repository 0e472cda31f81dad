//! What every binding does, on libloom: the numbers are small enough to be computed by hand.

use std::ops::ControlFlow;
use std::path::PathBuf;

use loom::{Model, Network, Role, Saving, Schedule, ScheduleKind, Status, Training, Type};

const DENSE: &str = r#"{"id": "dense", "batch_size": 2, "layers": [
    {"type": "dense", "name": "fc", "input_size": 3, "output_size": 2}],
    "training": {"loss": "mse", "optimizer": "sgd", "learning_rate": 0.5}}"#;
const XOR: &str = r#"{"id": "xor", "seed": 3, "layers": [
    {"type": "dense", "name": "a", "input_size": 2, "output_size": 8, "activation": "tanh"},
    {"type": "dropout", "rate": 0.1},
    {"type": "dense", "name": "b", "output_size": 1, "activation": "sigmoid"}],
    "training": {"optimizer": "adam", "learning_rate": 0.05, "schedule": "cosine"}}"#;
const INPUTS: [f64; 8] = [0., 0., 0., 1., 1., 0., 1., 1.];
const TARGETS: [f64; 4] = [0., 1., 1., 0.];

fn dense() -> Network<f32> {
    let mut net: Network<f32> = Model::options().training(true).from_json(DENSE).unwrap().network().unwrap();
    net.tensor_mut("fc_kernel").unwrap().copy_from_slice(&[1., 2., 3., 4., 5., 6.]);
    net.tensor_mut("fc_biases").unwrap().copy_from_slice(&[0.5, -0.5]);
    net
}

fn xor() -> Network<f64> {
    Model::options().element(Type::F64).training(true).from_json(XOR).unwrap().network().unwrap()
}

/// A folder for files of one test.
fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("loom-rust-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
}

#[test]
fn a_dense_layer_computes_its_products() {
    let mut net = dense();
    let mut y = [0.0; 4];
    net.forward(&[1., 2., 3., -1., 0., 1.], &mut y).unwrap();
    assert_eq!(y, [22.5, 27.5, 4.5, 3.5]); // x W + b, the kernel is [3][2]
}

#[test]
fn any_number_of_samples_goes_through() {
    let mut net = dense();
    let x = [1., 2., 3., -1., 0., 1., 2., 2., 2., 0., 1., 0., 1., 1., 1.];
    let expected = [22.5, 27.5, 4.5, 3.5, 18.5, 23.5, 3.5, 3.5, 9.5, 11.5];
    for n in 1..=5 {
        assert_eq!(net.run(&x[..3 * n]).unwrap(), expected[..2 * n], "{n} samples");
    }
}

#[test]
fn a_step_of_sgd_is_what_calculus_says() {
    let mut net = dense();
    let loss = net.train_step(&[1., 0., 0., 0., 1., 0.], &[1.5, 1.5, 3.5, 1.5]).unwrap();
    // y = [1.5, 1.5], [3.5, 3.5]: one of four numbers is off by 2; its gradient is 2 * 2 / 4
    assert_eq!(loss, 1.0);
    assert_eq!(net.tensor("fc_kernel").unwrap(), [1., 2., 3., 3.5, 5., 6.]);
    assert_eq!(net.tensor("fc_biases").unwrap(), [0.5, -1.0]);
    assert_eq!(net.steps(), 1);
}

#[test]
fn the_halves_of_a_step_are_a_step() {
    let model = Model::options().gradients(true).from_json(DENSE).unwrap();
    let (mut a, mut b) = (model.network::<f32>().unwrap(), model.network::<f32>().unwrap());
    let (x, y) = ([1., 2., 3., 4., 5., 6.], [1., 0., 0., 1.]);
    let loss = a.backward(&x, &y).unwrap();
    a.update().unwrap();
    assert_eq!(b.train_step(&x, &y).unwrap(), loss);
    assert_eq!(a.save().unwrap(), b.save().unwrap());
    a.backward(&x, &y).unwrap();
    a.clear().unwrap();
    assert!(a.tensors().filter(|(t, _)| t.role == Role::Gradient).all(|(_, g)| g.iter().all(|&g| g == 0.0)));
}

#[test]
fn it_learns_and_says_how_far_it_is() {
    let mut net = xor();
    let mut seen = Vec::new();
    let how = Training::new().epochs(400).learning_rate(0.05);
    let losses = net
        .train_with(&INPUTS, &TARGETS, &how, |epochs, loss| {
            seen.push((epochs, loss));
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen, losses.iter().enumerate().map(|(i, &l)| (i as u64 + 1, l)).collect::<Vec<_>>());
    assert!(losses[399] < 0.05 && losses[0] > 0.2, "{losses:?}");
    let metrics = net.evaluate(&INPUTS, &TARGETS).unwrap();
    assert_eq!((metrics.samples, metrics.buckets.iter().sum()), (4, 4));
    assert!(metrics.score > 80.0 && metrics.deviation < 20.0, "{metrics:?}");
}

#[test]
fn stopped_and_gone_on_with_is_left_alone() {
    let how = Training::new().epochs(9).seed(5);
    let (mut a, mut b) = (xor(), xor());
    a.train(&INPUTS, &TARGETS, &how).unwrap();
    let stop = |epochs, _| if epochs == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    assert_eq!(b.train_with(&INPUTS, &TARGETS, &how, stop).unwrap().len(), 4);
    let checkpoint = b.save_with(&Saving { training: true, ..Saving::default() }).unwrap();
    let mut c = xor();
    c.load(&checkpoint).unwrap();
    c.train(&INPUTS, &TARGETS, &how.first_epoch(4).epochs(5)).unwrap();
    assert_eq!(a.save().unwrap(), c.save().unwrap());
    assert_eq!(a.steps(), 36);
}

#[test]
fn the_learning_rate_can_be_read_and_set() {
    let mut net = dense();
    assert_eq!(net.learning_rate(), 0.5);
    net.set_learning_rate(0.25).unwrap();
    assert_eq!(net.learning_rate(), 0.25);
    assert_eq!(xor().schedule().kind, ScheduleKind::Cosine);
    let halves = Schedule { kind: ScheduleKind::Step, rate: 1.0, factor: 0.5, steps: 2.0, ..Schedule::default() };
    net.set_schedule(&halves).unwrap();
    let rates: Vec<_> = (0..5)
        .map(|_| {
            net.train_step(&[0.; 6], &[0.; 4]).unwrap();
            net.learning_rate()
        })
        .collect();
    assert_eq!((net.schedule(), rates), (halves, vec![1.0, 0.5, 0.5, 0.25, 0.25]));
    assert_eq!(net.set_schedule(&Schedule { rate: -1.0, ..halves }).unwrap_err().status(), Status::Argument);
    for wrong in [-1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(net.set_learning_rate(wrong).unwrap_err().status(), Status::Argument);
        let error = net.train(&[0.; 6], &[0.; 4], &Training::new().learning_rate(wrong)).unwrap_err();
        assert_eq!((error.status(), error.place()), (Status::Argument, "learning_rate"));
    }
}

#[test]
fn files_hold_the_network() {
    let folder = folder("files");
    let mut net = xor();
    net.train(&INPUTS, &TARGETS, &Training::new().epochs(3)).unwrap();
    let y = net.run(&INPUTS).unwrap();
    for name in ["net.loom", "net.json"] {
        let path = folder.join(name);
        net.save_file(&path).unwrap();
        assert_eq!(Network::<f64>::from_file(&path).unwrap().run(&INPUTS).unwrap(), y, "{name}");
        let mut other = xor();
        other.load_file(&path).unwrap();
        assert_eq!(other.run(&INPUTS).unwrap(), y, "{name}");
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2, "nothing else is left");
    let mut other = xor();
    other.load_bundle(&net.to_bundle().unwrap()).unwrap();
    assert_eq!(other.save().unwrap(), net.save().unwrap());

    let small = net.save_with(&Saving { element: Some(Type::I8), channel_scales: true, ..Saving::default() }).unwrap();
    other.load(&small).unwrap();
    let near = other.run(&INPUTS).unwrap();
    assert!(small.len() < net.save().unwrap().len() && near.iter().zip(&y).all(|(a, b)| (a - b).abs() < 0.02));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_model_says_what_it_is() {
    let info = dense().model().info();
    assert_eq!((info.id.as_str(), info.element, info.batch, info.parameters), ("dense", Type::F32, 2, 8));
    assert_eq!((info.input_shape, info.output_shape), (vec![2, 3], vec![2, 2]));
    assert!(info.can_train && !info.can_backward);
    let model = Model::from_json(XOR).unwrap();
    assert!(!model.can_train() && model.description().contains("\"xor\""));
    let names: Vec<_> = model.tensors().into_iter().map(|t| (t.name, t.layer, t.shape)).collect();
    assert!(names.contains(&("a_kernel".into(), "a".into(), vec![2, 8])), "{names:?}");
}

#[test]
fn wrong_lengths_are_errors() {
    let mut net = dense();
    let mut y = [0.0; 4];
    let error = net.forward(&[0.0; 5], &mut y).unwrap_err();
    assert_eq!((error.status(), error.place()), (Status::Argument, "input"));
    assert_eq!(error.to_string(), "the input has 5 numbers, expected one or more samples of 3");
    let error = net.forward(&[0.0; 6], &mut y[..3]).unwrap_err();
    assert_eq!(error.to_string(), "the output has 3 numbers, expected 4");
    assert_eq!(net.run(&[]).unwrap_err().place(), "input");
    assert_eq!(net.train(&[0.0; 6], &[0.0; 3], &Training::new()).unwrap_err().place(), "targets");
    assert_eq!(net.train_step(&[0.0; 3], &[0.0; 2]).unwrap_err().place(), "inputs");
    assert_eq!(net.evaluate(&[0.0; 6], &[0.0; 3]).unwrap_err().place(), "expected");
}

#[test]
fn wrong_types_are_errors() {
    let model = Model::from_json(DENSE).unwrap();
    let error = model.network::<f64>().unwrap_err();
    assert_eq!((error.status(), error.message()), (Status::Argument, "'dense' computes in f32, not in f64"));
    let mut net = model.network::<f32>().unwrap();
    let error = net.train(&[0.0; 6], &[0.0; 4], &Training::new()).unwrap_err();
    assert_eq!(error.status(), Status::Unsupported);
    assert_eq!(net.backward(&[0.0; 6], &[0.0; 4]).unwrap_err().status(), Status::Unsupported);
    assert_eq!(net.tensor("nothing"), None);
    assert_eq!(net.tensor_mut("nothing").unwrap_err().status(), Status::NotFound);
}

#[test]
fn wrong_texts_say_where() {
    let error = Model::from_json("{\"layers\": [\n  {\"type\": \"desne\"}]}").unwrap_err();
    assert_eq!((error.status(), error.place()), (Status::Description, "/layers/0/type"));
    assert_eq!((error.line(), error.column()), (Some(2), Some(12)));
    assert!(error.to_string().contains("did you mean 'dense'?"), "{error}");
    for text in ["", "[", "nonsense", "{\"id\": \"\0\"}", "[1]"] {
        assert_eq!(Model::from_json(text).unwrap_err().status(), Status::Description, "{text}");
    }
    assert_eq!(Model::options().loss("nonsense").from_json(DENSE).unwrap_err().place(), "loss");
    assert_eq!(Model::options().loss("a\0b").from_json(DENSE).unwrap_err().place(), "loss");
    assert_eq!(dense().load_bundle("{}").unwrap_err().status(), Status::Description);
}

#[test]
fn damaged_files_change_nothing() {
    let mut net = dense();
    let good = net.save().unwrap();
    for n in [0, 7, good.len() / 2, good.len() - 1] {
        assert!(matches!(net.load(&good[..n]).unwrap_err().status(), Status::Format | Status::Checksum));
    }
    let mut bad = good.clone();
    *bad.last_mut().unwrap() ^= 1;
    assert_eq!(net.load(&bad).unwrap_err().status(), Status::Checksum);
    let error = net.load(&xor().save().unwrap()).unwrap_err();
    assert_eq!((error.status(), error.place().is_empty()), (Status::Mismatch, false));
    assert_eq!(net.save().unwrap(), good);

    let folder = folder("damaged");
    assert_eq!(Model::from_file(folder.join("none.json")).unwrap_err().status(), Status::Io);
    assert_eq!(net.save_file(folder.join("no/such/folder.loom")).unwrap_err().status(), Status::Io);
    std::fs::write(folder.join("weights.loom"), &good).unwrap();
    let error = Model::from_file(folder.join("weights.loom")).unwrap_err();
    assert!(error.to_string().contains("without a description"), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_loss_that_is_lost_is_an_error() {
    let error = dense().train(&[f32::MAX; 6], &[0.0; 4], &Training::new()).unwrap_err();
    assert_eq!(error.status(), Status::NotFinite);
}

#[test]
fn a_panic_in_the_callback_goes_through() {
    let mut net = xor();
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        net.train_with(&INPUTS, &TARGETS, &Training::new().epochs(50), |epochs, _| {
            assert!(epochs < 3, "enough");
            ControlFlow::Continue(())
        })
    }));
    assert!(panic.unwrap_err().downcast_ref::<&str>().map_or(false, |s| s.contains("enough")));
    assert_eq!(net.steps(), 12); // three epochs of four samples
}

#[test]
fn networks_move_and_run_in_parallel() {
    fn is_send<T: Send>(_: &T) {}
    fn is_sync<T: Send + Sync>(_: &T) {}
    let model = Model::from_json(DENSE).unwrap();
    is_sync(&model);
    let mut net = model.network::<f32>().unwrap();
    is_send(&net);
    let x = [1., 2., 3., 4., 5., 6.];
    let y = net.run(&x).unwrap();
    std::thread::spawn(move || assert_eq!(net.run(&x).unwrap(), y)).join().unwrap();
    drop(model);
}
