//! A network that was compiled into the program learns, and what it learned goes to a file and comes back.

mod logic {
    include!(concat!(env!("OUT_DIR"), "/logic.rs"));
}

use logic::Logic;
use loom::Training;

fn main() -> loom::Result<()> {
    let inputs = [[0., 0.], [0., 1.], [1., 0.], [1., 1.]];
    let targets = [0., 1., 1., 0.];
    let mut net = Logic::new()?;
    let losses = net.train(&inputs.concat(), &targets, &Training::new().epochs(300))?;
    println!("{} weights, loss {:.4}", net.model().parameters(), losses[losses.len() - 1]);
    for x in &inputs {
        println!("{} xor {} = {:.3}", x[0], x[1], net.predict(x)?[0]);
    }
    let mut copy = Logic::new()?;
    copy.load(&net.save()?)?;
    assert_eq!(copy.first_kernel(), net.first_kernel());
    assert_eq!(copy.predict(&inputs[1])?, net.predict(&inputs[1])?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::logic::{Logic, INPUT_SIZE, OUTPUT_SIZE, TRAINS};
    use loom::Status;

    #[test]
    fn it_is_what_was_compiled() {
        let net = Logic::new().unwrap();
        let info = net.model().info();
        assert_eq!((info.id.as_str(), info.input_shape, info.can_train), ("logic", vec![1, INPUT_SIZE], TRAINS));
        assert_eq!(net.first_kernel().len(), 2 * 8);
        assert_eq!(net.second_biases().len(), OUTPUT_SIZE);
    }

    #[test]
    fn misuse_is_an_error() {
        let mut net = Logic::new().unwrap();
        assert_eq!(net.run(&[1.0]).unwrap_err().status(), Status::Argument);
        assert_eq!(net.model().network::<f64>().unwrap_err().status(), Status::Argument);
        assert_eq!(net.backward(&[0., 1.], &[1.]).unwrap_err().status(), Status::Unsupported);
        assert_eq!(unsafe { loom::Model::compiled(std::ptr::null()) }.unwrap_err().status(), Status::Argument);
    }

    #[test]
    fn a_model_is_found_by_its_id() {
        unsafe { super::logic::model().unwrap().register() }.unwrap();
        let model = loom::Model::from_json(r#"{"id": "logic"}"#).unwrap();
        let mut net = Logic::new().unwrap();
        assert_eq!(model.network::<f32>().unwrap().run(&[1., 0.]).unwrap(), net.predict(&[1., 0.]).unwrap());
        net.train(&[1., 0.], &[0.], &loom::Training::new()).unwrap();
        let mut trained = loom::Model::from_json(&net.to_bundle().unwrap()).unwrap().network::<f32>().unwrap();
        assert_eq!(trained.run(&[1., 0.]).unwrap(), net.predict(&[1., 0.]).unwrap());
        let bundle = net.to_bundle().unwrap().replace("\"seed\": 1", "\"seed\": 2");
        assert_eq!(loom::Model::from_json(&bundle).unwrap_err().status(), Status::NotFound);
    }
}
