// The Rust row: program DESCRIPTION|LIBRARY.so FOLDER
use loom::{Model, Network, Role, Training};

fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().collect();
    let (source, folder) = (&words[1], std::path::Path::new(&words[2]));
    let model = if source.ends_with(".so") {
        unsafe { Model::from_library(source, None)? } // a library that loomc compiled
    } else {
        Model::options().training(true).from_file(source)?
    };
    let mut net: Network<f32> = model.network()?;
    let inputs: Vec<f32> = [[0.2, 0.8], [0.9, 0.1], [0.7, 0.3], [0.3, 0.7]].iter().flatten().flat_map(|&x| [x; 4]).collect();
    let how = Training::new().epochs(25).learning_rate(0.15).shuffle(false);
    net.train(&inputs, &[1., 0., 0., 1., 0., 1., 1., 0.], &how)?;
    std::fs::write(folder.join("outputs"), bytes(&net.run(&inputs)?))?;
    let weights = net.tensors().filter(|(t, _)| t.role == Role::Param).flat_map(|(_, numbers)| bytes(numbers));
    std::fs::write(folder.join("weights"), weights.collect::<Vec<u8>>())?;
    net.save_file(folder.join("saved"))?;
    Ok(())
}
