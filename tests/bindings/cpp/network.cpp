// network.cpp - loom.hpp: what networks compute, keep, take and refuse. Built for libloom (-DWITH_LIBLOOM) and for compiled models.
//
//   network FOLDER [LIBRARY]   FOLDER: for files; LIBRARY: liblogic.so, from which a model is loaded
#include "loom.hpp"
#include "loom_library.hpp"
#ifndef WITH_LIBLOOM
#include "batches.hpp"
#include "logic.hpp"
#endif

#include <cmath>
#include <cstdio>
#include <limits>
#include <thread>

static int passed, failed;
static std::string folder;

static bool check(bool good, const char *what, int line)
{
    (good ? passed : failed)++;
    if (!good)
        std::printf("FAILED line %d: %s\n", line, what);
    return good;
}
#define CHECK(x) check((x), #x, __LINE__)

// Runs f, which must throw a loom::error of that status whose text has `part` in it.
template <class F> static bool refuses(int status, const char *part, F f)
{
    try {
        f();
    } catch (const loom::error &e) {
        if (e.status() == status && std::strstr(e.what(), part))
            return true;
        std::printf("  status %d: %s\n", e.status(), e.what());
        return false;
    }
    std::printf("  nothing was thrown\n");
    return false;
}

#ifdef WITH_LIBLOOM
static const char logic_json[] = LOGIC_JSON, batches_json[] = BATCHES_JSON;

static loom::model make(const char *json)
{
    loom::model_options o;
    o.train = 1;
    return loom::model::from_json(json, o);
}
static loom::network new_logic() { return loom::network(make(logic_json)); }
static loom::network new_batches() { return loom::network(make(batches_json)); }
#else
static loom::network new_logic() { return loom::network(loom::model::compiled(logic_model())); }
static loom::network new_batches() { return loom::network(loom::model::compiled(batches_model())); }
#endif

static const std::vector<float> x{0, 0, 0, 1, 1, 0, 1, 1}, y{0, 1, 1, 0};

static std::vector<double> samples(std::size_t n)
{
    std::vector<double> all;
    std::uint32_t state = 12345;
    for (std::size_t i = 0; i < n; i++) {
        state = state * 1103515245u + 12345u;
        all.push_back(double(state >> 8) / (1 << 23) - 1);
    }
    return all;
}

template <class T> static bool same(loom::span<const T> a, loom::span<const T> b)
{
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

static void check_info()
{
    const auto net = new_batches();
    const loom::model &m = net.info();
    CHECK(m.id() == "batches" && m.type() == LOOM_F64 && m.batch() == 3 && m.can_train() && !m.description().empty());
    CHECK(m.input_shape() == loom::shape{4} && m.output_shape() == loom::shape{3} && m.input_size() == 4 && m.output_size() == 3);
    const auto tensors = m.tensors();
    CHECK(tensors.size() >= 4 && tensors[0].name == "first_kernel" && tensors[0].layer == "first" && tensors[0].role == LOOM_PARAM);
    CHECK((tensors[0].shape == loom::shape{4, 5}) && tensors[0].size == 20);
}

// The formula, computed here.
static void check_forward()
{
    auto net = new_batches();
    const auto w1 = net.tensor<const double>("first_kernel"), b1 = net.tensor<const double>("first_biases");
    const auto w2 = net.tensor<double>("second_kernel"), b2 = net.tensor<double>("second_biases");
    const auto in = samples(28), out = net.forward<double>(in); // seven samples: two batches and a third
    CHECK(out.size() == 21);
    bool good = true;
    for (std::size_t n = 0; n < 7; n++)
        for (std::size_t k = 0; k < 3; k++) {
            double sum = b2[k];
            for (std::size_t h = 0; h < 5; h++) {
                double s = b1[h];
                for (std::size_t i = 0; i < 4; i++)
                    s += in[n * 4 + i] * w1[i * 5 + h];
                sum += std::tanh(s) * w2[h * 3 + k];
            }
            good &= std::fabs(sum - out[n * 3 + k]) < 1e-14;
        }
    CHECK(good);
    std::vector<double> into(3);
    net.forward<double>(loom::span<const double>(in.data() + 24, 4), into);
    CHECK(same<double>(into, {out.data() + 18, 3}));
}

static void check_training()
{
    auto net = new_logic();
    loom::train_options o;
    o.epochs = 100;
    std::vector<double> seen;
    double score = 0;
    o.on_progress = [&](const loom::progress &p) {
        seen.push_back(p.loss);
        score = net.evaluate<float>(x, std::vector<double>{0, 1, 1, 0}).score; // the network may be used
        return p.epoch < 90;
    };
    const auto losses = net.train<float>(x, y, o);
    CHECK(losses.size() == 90 && seen == losses && losses.back() < 0.1 * losses.front() && score > 70 && net.steps() == 360);
    struct mine {};
    o.on_progress = [](const loom::progress &) -> bool { throw mine(); };
    bool caught = false;
    try {
        net.train<float>(x, y, o);
    } catch (const mine &) {
        caught = true;
    }
    CHECK(caught && net.steps() == 364);
    net.learning_rate(0.25);
    CHECK(net.learning_rate() == 0.25 && net.schedule().rate == 0.25);
    CHECK(refuses(LOOM_E_ARGUMENT, "learning rate", [&] { net.learning_rate(-1); }));
    auto a = new_batches(), b = new_batches();
    const auto in = samples(24), out = samples(18);
    loom::train_options plain;
    plain.epochs = 1;
    plain.shuffle = false;
    a.schedule(loom_schedule{LOOM_CONSTANT, 0.1, 0, 0, 0, 0, 0});
    b.schedule(loom_schedule{LOOM_CONSTANT, 0.1, 0, 0, 0, 0, 0});
    const double loss = a.train<double>(in, out, plain)[0];
    CHECK(loss == b.train_batches<double>(in, out) && same<double>(a.tensor<double>("first_kernel"), b.tensor<double>("first_kernel")));
    CHECK(refuses(LOOM_E_ARGUMENT, "whole mini-batches", [&] { a.train_batches<double>(samples(16), samples(12)); }));
    CHECK(refuses(LOOM_E_UNSUPPORTED, "backward", [&] { a.backward<double>(samples(12), samples(9)); }));
    a.reset();
}

static void check_files()
{
    auto net = new_logic();
    net.train<float>(x, y);
    const auto want = net.forward<float>(x);
    for (const char *name : {"/a.loom", "/a.json"}) {
        auto other = new_logic();
        CHECK(other.forward<float>(x) != want);
        net.save(folder + name);
        other.load(folder + name);
        CHECK(other.forward<float>(x) == want);
#ifdef WITH_LIBLOOM
        auto third = loom::network::from_file(folder + name);
        CHECK(third.forward<float>(x) == want);
#endif
    }
    const auto bytes = net.save_bytes();
    auto other = new_batches();
    CHECK(refuses(LOOM_E_MISMATCH, "first_kernel", [&] { other.load_bytes(bytes); }));
    for (std::size_t i = 0; i < bytes.size(); i += 7) {
        auto damaged = bytes;
        damaged[i] ^= 4;
        try {
            net.load_bytes(damaged);
            check(false, "a damaged file was taken", __LINE__);
        } catch (const loom::error &) {
        }
    }
    CHECK(net.forward<float>(x) == want);
    CHECK(refuses(loom::LOOM_E_FILE, "nothing-here", [&] { net.load(folder + "/nothing-here"); }));
    CHECK(refuses(loom::LOOM_E_FILE, "no-folder", [&] { net.save(folder + "/no-folder/x"); }));
    CHECK(refuses(LOOM_E_DESCRIPTION, "bundle", [&] { net.load_bytes(std::vector<unsigned char>{'{', '}'}); }));
    CHECK(refuses(LOOM_E_DESCRIPTION, "", [&] { net.load_bytes({}); }));
}

static void check_misuse()
{
    auto net = new_logic();
    CHECK(refuses(LOOM_E_ARGUMENT, "3 numbers, expected 2", [&] { net.forward<float>(std::vector<float>(3)); }));
    CHECK(refuses(LOOM_E_ARGUMENT, "0 numbers", [&] { net.forward<float>(loom::span<const float>()); }));
    CHECK(refuses(LOOM_E_ARGUMENT, "output", [&] {
        std::vector<float> out(3);
        net.forward<float>(x, out);
    }));
    CHECK(refuses(LOOM_E_ARGUMENT, "computes with float, not with double", [&] { net.forward<double>(std::vector<double>(2)); }));
    CHECK(refuses(LOOM_E_ARGUMENT, "not with std::int8_t", [&] { net.tensor<std::int8_t>("fc1_kernel"); }));
    CHECK(refuses(LOOM_E_NOT_FOUND, "there are fc1_kernel", [&] { net.tensor<float>("fc3_kernel"); }));
    CHECK(refuses(LOOM_E_ARGUMENT, "targets", [&] { net.train<float>(x, x); }));
    CHECK(refuses(LOOM_E_ARGUMENT, "expected", [&] { net.evaluate<float>(x, std::vector<double>(3)); }));
    CHECK(refuses(LOOM_E_ARGUMENT, "null", [] { loom::model::compiled(nullptr); }));
    CHECK(refuses(LOOM_E_NOT_FINITE, "spoilt", [] {
        auto wild = new_batches();
        loom::train_options o;
        o.learning_rate = 1e30;
        wild.train<double>(std::vector<double>(12, 1e150), std::vector<double>(9, 1e300), o);
    }));
    loom::train_options o;
    o.learning_rate = std::numeric_limits<double>::quiet_NaN();
    CHECK(refuses(LOOM_E_ARGUMENT, "learning rate", [&] { net.train<float>(x, y, o); }));
    auto other = std::move(net);
    CHECK(other.forward<float>(x).size() == 4);
    CHECK(refuses(loom::LOOM_E_MOVED, "moved", [&] { net.forward<float>(x); }));     // NOLINT: what is tested
    CHECK(refuses(loom::LOOM_E_MOVED, "moved", [&] { net.train<float>(x, y); }));    // NOLINT
    CHECK(refuses(loom::LOOM_E_MOVED, "moved", [&] { net.tensor<float>("fc1_kernel"); }) && net.info().id().empty()); // NOLINT
    net = std::move(other);
    CHECK(net.forward<float>(x).size() == 4);
#ifdef WITH_LIBLOOM
    try {
        loom::model::from_json("{\"layers\": [\n {\"type\": \"desne\"}]}");
        check(false, "it was taken", __LINE__);
    } catch (const loom::error &e) {
        CHECK(e.status() == LOOM_E_DESCRIPTION && e.where() == "/layers/0/type" && e.line() == 2 && e.column() > 0 && std::strstr(e.what(), "dense"));
    }
    loom::network fixed(loom::model::from_json(logic_json));
    CHECK(refuses(LOOM_E_UNSUPPORTED, "not made for training", [&] { fixed.train<float>(x, y); }));
    CHECK(refuses(loom::LOOM_E_FILE, "nothing-here", [] { loom::model::from_file(folder + "/nothing-here"); }));
    CHECK(refuses(LOOM_E_DESCRIPTION, "", [] { loom::model::from_json(std::string_view()); }));
#endif
}

static void check_threads()
{
    auto net = new_logic();
    int busy = 0;
    loom::train_options o;
    o.epochs = 1;
    o.on_progress = [&](const loom::progress &) {
        std::thread([&] {
            busy += refuses(loom::LOOM_E_BUSY, "another thread", [&] { net.forward<float>(x); });
            busy += refuses(loom::LOOM_E_BUSY, "another thread", [&] { net.save_bytes(); });
            busy += refuses(loom::LOOM_E_BUSY, "another thread", [&] { net.steps(); });
        }).join();
        return true;
    };
    net.train<float>(x, y, o);
    CHECK(busy == 3 && net.forward<float>(x).size() == 4);
    const auto in = samples(36), want = new_batches().forward<double>(in);
    bool good[4];
    std::vector<std::thread> threads;
    for (bool &g : good)
        threads.emplace_back([&] {
            auto mine = new_batches();
            g = true;
            for (int i = 0; i < 100; i++)
                g &= mine.forward<double>(in) == want;
        });
    for (auto &t : threads)
        t.join();
    CHECK(good[0] && good[1] && good[2] && good[3]);
}

static void check_libraries(const char *path)
{
    loom::network net(loom::load_library(path)), again(loom::load_library(path, "logic")), direct = new_logic();
    CHECK(net.info().id() == "logic" && net.forward<float>(x) == direct.forward<float>(x) && again.forward<float>(x) == direct.forward<float>(x));
    net.train<float>(x, y);
    direct.train<float>(x, y);
    CHECK(net.forward<float>(x) == direct.forward<float>(x));
    CHECK(refuses(loom::LOOM_E_FILE, "exports no other_model", [&] { loom::load_library(path, "other"); }));
    CHECK(refuses(loom::LOOM_E_FILE, "nothing-here", [] { loom::load_library("./nothing-here.so"); }));
}

#ifndef WITH_LIBLOOM
static void check_typed()
{
    loom::models::Logic net;
    static_assert(loom::models::Logic::input_shape[0] == 2 && loom::models::Logic::trains && loom::models::Batches::batch == 3);
    static_assert(std::is_same_v<loom::models::Batches::number, double> && sizeof(loom::models::Logic::outputs) == sizeof(float));
    const auto all = net.forward(x);
    for (std::size_t i = 0; i < 4; i++)
        CHECK(net({x[2 * i], x[2 * i + 1]})[0] == all[i]);
    CHECK(net.fc1_kernel().size() == 16 && net.train(x, y).size() == 10 && net.evaluate(x, std::vector<double>{0, 1, 1, 0}).samples == 4);
}
#endif

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : ".";
    try {
        check_info();
        check_forward();
        check_training();
        check_files();
        check_misuse();
        check_threads();
        if (argc > 2)
            check_libraries(argv[2]);
#ifndef WITH_LIBLOOM
        check_typed();
#endif
    } catch (const std::exception &e) {
        check(false, "an exception", __LINE__);
        std::printf("  %s\n", e.what());
    }
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
