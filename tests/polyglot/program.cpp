// program.cpp - the C++ row: program DESCRIPTION FOLDER; with COMPILED the compiled model.
#include <fstream>
#include <iostream>
#include <string>

#include "loom.hpp"
#ifdef COMPILED
extern "C" const loom_model *grid_scatter_model(void);
#endif

template <class C> static void put(std::ofstream &file, const C &numbers)
{
    file.write(reinterpret_cast<const char *>(numbers.data()), static_cast<std::streamsize>(numbers.size() * sizeof *numbers.data()));
}

int main(int argc, char **argv)
try {
    if (argc != 3)
        return 2;
#ifdef COMPILED
    loom::network net(loom::model::compiled(grid_scatter_model()));
#else
    loom::model_options options;
    options.train = 1;
    loom::network net(loom::model::from_file(argv[1], options));
#endif
    const std::vector<float> inputs{.2f, .2f, .2f, .2f, .8f, .8f, .8f, .8f, .9f, .9f, .9f, .9f, .1f, .1f, .1f, .1f,
                                    .7f, .7f, .7f, .7f, .3f, .3f, .3f, .3f, .3f, .3f, .3f, .3f, .7f, .7f, .7f, .7f};
    const std::vector<float> targets{1, 0, 0, 1, 0, 1, 1, 0};
    loom::train_options how;
    how.epochs = 25;
    how.learning_rate = 0.15;
    how.shuffle = false;
    net.train<float>(inputs, targets, how);
    const std::string folder = std::string(argv[2]) + "/";
    std::ofstream outputs(folder + "outputs", std::ios::binary), weights(folder + "weights", std::ios::binary);
    put(outputs, net.forward<float>(inputs));
    for (const auto &t : net.info().tensors())
        if (t.role == LOOM_PARAM)
            put(weights, net.tensor<const float>(t.name));
    net.save(folder + "saved");
    return 0;
} catch (const std::exception &e) {
    std::cerr << e.what() << '\n';
    return 1;
}
