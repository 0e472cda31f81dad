// loom.hpp - Loom for C++17 and later: networks as values. Header only, over loom.h; link libloom or compiled models.
//
//     auto net = loom::network::from_file("net.json");                // any network: needs libloom
//     loom::network net(loom::model::compiled(digits_model()));      // one that loomc compiled
//     std::vector<float> y = net.forward<float>(x);
//     std::vector<double> losses = net.train<float>(inputs, targets);
//
// What goes wrong is thrown as loom::error, which has the status, the place and the message; memory that runs out as
// std::bad_alloc. After an error everything is as it was, unless a function says otherwise.
//
// A `model` is constant and may be shared by all threads. A `network` is one running copy of it: it moves but is not copied, and
// takes one call at a time. A second thread that calls it meanwhile gets an error (LOOM_E_BUSY); other networks run in
// parallel. A network that was moved from throws too.
//
// Buffers are spans of the model's type: float for f32, double for f64, and std::int8_t, std::int16_t, std::int32_t; another
// type throws. With C++20 loom::span is std::span.
#ifndef LOOM_HPP
#define LOOM_HPP

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>
#if defined(__has_include)
#if __has_include(<version>)
#include <version>
#endif
#endif
#if defined(__cpp_lib_span)
#include <span>
#endif

#include "loom.h"

namespace loom {

#if defined(__cpp_lib_span)
template <class T> using span = std::span<T>;
#else
/// A view of numbers that lie one after another: as much of std::span as is needed here. It owns nothing.
template <class T> class span {
public:
    using element_type = T;
    using value_type = std::remove_cv_t<T>;

    constexpr span() noexcept = default;
    constexpr span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}
    template <std::size_t N> constexpr span(T (&array)[N]) noexcept : data_(array), size_(N) {}
    /// A vector, an array, another span: whatever has data() and size().
    template <class C, class P = decltype(std::declval<C &>().data()), class = decltype(std::declval<C &>().size()),
              class = std::enable_if_t<std::is_convertible_v<std::remove_pointer_t<P> (*)[], T (*)[]>>>
    constexpr span(C &&c) noexcept : data_(c.data()), size_(static_cast<std::size_t>(c.size())) {}

    constexpr T *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr T *begin() const noexcept { return data_; }
    constexpr T *end() const noexcept { return data_ + size_; }
    constexpr T &operator[](std::size_t i) const { return data_[i]; }
    constexpr T &front() const { return data_[0]; }
    constexpr T &back() const { return data_[size_ - 1]; }
    constexpr span first(std::size_t n) const { return {data_, n}; }
    constexpr span subspan(std::size_t at, std::size_t n) const { return {data_ + at, n}; }

private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};
#endif

/// Beside the statuses of loom_types.h, for error::status: another thread is using this network.
inline constexpr int LOOM_E_BUSY = -100;
/// And this one: the network was moved from.
inline constexpr int LOOM_E_MOVED = -101;
/// And this one: a file cannot be read or written.
inline constexpr int LOOM_E_FILE = -102;

/// What every function here throws. what() is the whole sentence.
class error : public std::runtime_error {
public:
    explicit error(int status, const std::string &message, std::string where = {}, int line = 0, int column = 0)
        : std::runtime_error(message), status_(status), line_(line), column_(column), where_(std::move(where))
    {
    }
    /// LOOM_E_... of loom_types.h, or one of the three above.
    int status() const noexcept { return status_; }
    /// The place in a JSON text ("/layers/3/type"), or the name of an argument, or "".
    const std::string &where() const noexcept { return where_; }
    /// In the text, from 1; 0 when it is not about a text.
    int line() const noexcept { return line_; }
    int column() const noexcept { return column_; }

private:
    int status_, line_, column_;
    std::string where_;
};

using shape = std::vector<std::size_t>;

namespace detail {

template <class T> struct type_of;
template <> struct type_of<float> : std::integral_constant<int, LOOM_F32> {};
template <> struct type_of<double> : std::integral_constant<int, LOOM_F64> {};
template <> struct type_of<std::int8_t> : std::integral_constant<int, LOOM_I8> {};
template <> struct type_of<std::int16_t> : std::integral_constant<int, LOOM_I16> {};
template <> struct type_of<std::int32_t> : std::integral_constant<int, LOOM_I32> {};

inline const char *type_name(int type)
{
    constexpr const char *names[] = {"no type", "float", "double", "std::int8_t", "std::int16_t", "std::int32_t"};
    return names[type >= LOOM_F32 && type <= LOOM_I32 ? type : 0];
}

[[noreturn]] inline void fail(int status, const std::string &message, const char *where = "")
{
    if (status == LOOM_E_MEMORY)
        throw std::bad_alloc();
    throw error(status, message, where);
}

inline void check(int status, const char *what)
{
    if (status < 0)
        fail(status, std::string(what) + ": " + loom_status_text(status));
}

[[noreturn]] inline void fail(const loom_error &e)
{
    if (e.status == LOOM_E_MEMORY)
        throw std::bad_alloc();
    std::string message = e.message;
    if (e.line > 0)
        message = std::to_string(e.line) + ":" + std::to_string(e.column) + ": " + message;
    if (e.where[0])
        message += std::string(" (at ") + e.where + ")";
    throw error(e.status, message, e.where, e.line, e.column);
}

inline std::vector<unsigned char> read_file(const std::string &path)
{
    std::ifstream file(path, std::ios::binary);
    std::vector<unsigned char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file)
        fail(LOOM_E_FILE, path + ": cannot be read");
    return bytes;
}

/// Beside the file, then renamed: a file that is there is whole.
inline void write_file(const std::string &path, const void *bytes, std::size_t size)
{
    const std::string part = path + ".part";
    std::ofstream file(part, std::ios::binary | std::ios::trunc);
    file.write(static_cast<const char *>(bytes), static_cast<std::streamsize>(size));
    file.close();
    if (!file || std::rename(part.c_str(), path.c_str()) != 0) {
        std::remove(part.c_str());
        fail(LOOM_E_FILE, path + ": cannot be written");
    }
}

/// The first byte of the binary format, with which no text begins.
inline bool is_binary(span<const unsigned char> bytes) { return bytes.size() > 0 && bytes[0] == 0x89; }

struct free_text {
    void operator()(const char *text) const noexcept { FreeLoomString(text); }
};
using text = std::unique_ptr<const char, free_text>;

} // namespace detail

/// How a model is to be made from text (loom_options): all zero is as the description says, for inference only.
struct model_options {
    int train = 0;          ///< 1: it can train; 2: and keeps its gradients, for backward and update
    int type = 0;           ///< a loom_type; 0: what the description says
    std::string id{};       ///< of the model in a bundle with several; "": the first
    std::string loss{};     ///< instead of that under "training"
    double clip_norm = 0;   ///< likewise
};

/// A tensor of the network: see loom_tensor in loom.h.
struct tensor_info {
    std::string name, layer;
    loom_role role;
    loom::shape shape;
    std::size_t size;
};

/// A network's description and functions. A small handle: copies are the same model, which lives as long as one of them or
/// a network of it.
class model {
public:
    /// From JSON: a description or a bundle, whose weights the networks start with. With libloom any network; beside compiled models those
    /// that are registered.
    static model from_json(std::string_view json, const model_options &o = {}, const char *name = "description")
    {
        loom_options options{};
        options.type = o.type;
        options.train = o.train;
        options.id = o.id.empty() ? nullptr : o.id.c_str();
        options.loss = o.loss.empty() ? nullptr : o.loss.c_str();
        options.clip_norm = o.clip_norm;
        options.name = name;
        const loom_model *m = nullptr;
        loom_error e{};
        if (loom_model_from_json(json.data() ? json.data() : "", json.size(), &options, &m, &e) < 0)
            detail::fail(e);
        return model(std::shared_ptr<const loom_model>(m, loom_model_free));
    }
    /// From a file: a description or a bundle; or a .loom file that holds its description, whose weights network::load then gives.
    static model from_file(const std::string &path, const model_options &o = {})
    {
        const std::vector<unsigned char> bytes = detail::read_file(path);
        const char *data = reinterpret_cast<const char *>(bytes.data());
        loom_file f;
        if (!detail::is_binary(bytes))
            return from_json({data, bytes.size()}, o, path.c_str());
        detail::check(loom_file_open(bytes.data(), bytes.size(), &f), path.c_str());
        if (!f.description_size)
            detail::fail(LOOM_E_NOT_FOUND, path + ": the file holds weights without the network's description");
        return from_json({f.description, f.description_size}, o, path.c_str());
    }
    /// What <id>_model() of a compiled model returns.
    static model compiled(const loom_model *m) { return shared(std::shared_ptr<const loom_model>(m, [](const loom_model *) {})); }
    /// The same, for who knows when the model ends.
    static model shared(std::shared_ptr<const loom_model> m)
    {
        if (!m)
            detail::fail(LOOM_E_ARGUMENT, "the model is a null pointer", "m");
        if (m->abi != loom_abi())
            detail::fail(LOOM_E_ABI, loom_status_text(LOOM_E_ABI));
        return model(std::move(m));
    }

    const loom_model *get() const noexcept { return m_.get(); }
    std::string id() const { return m_ ? m_->id : ""; }
    std::string description() const { return m_ ? m_->description : ""; }
    loom_type type() const { return m_ ? static_cast<loom_type>(m_->type) : loom_type(); }
    /// Samples in one call of the C interface; the functions of `network` take any number.
    std::size_t batch() const { return m_ ? batch_ : 0; }
    /// Of one sample.
    shape input_shape() const { return dims(loom_input_rank(get()), loom_input_dim); }
    shape output_shape() const { return dims(loom_output_rank(get()), loom_output_dim); }
    std::size_t input_size() const { return m_ ? input_size_ : 0; }
    std::size_t output_size() const { return m_ ? output_size_ : 0; }
    bool can_train() const { return loom_can_train(get()) != 0; }
    bool can_backward() const { return loom_can_backward(get()) != 0; }
    std::vector<tensor_info> tensors() const
    {
        std::vector<tensor_info> all;
        for (int i = 0; i < loom_tensor_count(get()); i++) {
            shape s;
            for (int k = 0; k < loom_tensor_rank(get(), i); k++)
                s.push_back(loom_tensor_dim(get(), i, k));
            all.push_back({loom_tensor_name(get(), i), loom_tensor_layer(get(), i), static_cast<loom_role>(loom_tensor_role(get(), i)),
                           std::move(s), loom_tensor_size(get(), i)});
        }
        return all;
    }

private:
    explicit model(std::shared_ptr<const loom_model> m)
        : m_(std::move(m)), batch_(loom_model_batch(get())), input_size_(loom_input_size(get()) / batch_),
          output_size_(loom_output_size(get()) / batch_)
    {
    }
    template <class F> shape dims(int rank, F dim) const
    {
        shape s;
        for (int i = 1; i < rank; i++)
            s.push_back(dim(get(), i));
        return s;
    }
    std::shared_ptr<const loom_model> m_;
    std::size_t batch_, input_size_, output_size_;
};

/// What training tells while it runs.
struct progress {
    std::size_t epoch; ///< so many epochs are done
    double loss;       ///< mean of this epoch's mini-batches, each before its step
};

/// See loom_fit_options.
struct train_options {
    static constexpr std::uint64_t described_seed = UINT64_MAX;

    std::uint64_t epochs = 0;      ///< 0: what the description says under "training", else 10
    double learning_rate = 0;      ///< constant; 0: the network's schedule, which is the description's at first
    bool shuffle = true;           ///< each epoch has an order of its own, the one of `loomc train`
    std::uint64_t seed = described_seed; ///< of that order
    std::uint64_t first_epoch = 0; ///< epochs that were before, when a training goes on
    std::function<bool(const progress &)> on_progress{}; ///< after each epoch; false ends the training
};

struct save_options {
    int type = 0;             ///< how weights are stored, a loom_type; 0: exactly
    loom_scales scales = LOOM_SCALE_TENSOR;
    bool training = false;    ///< a checkpoint: all that training needs to go on
    bool description = true;  ///< the network too, so that model::from_file reads the file
};

/// One running copy of a model: its weights, what it remembers, the progress of its training.
class network {
public:
    explicit network(model m) : m_(std::move(m)), state_(std::make_unique<state>(m_)) {}
    /// From JSON or from a file, with the weights that are there: see model.
    static network from_json(std::string_view json, const model_options &o = {}) { return network(model::from_json(json, o)); }
    static network from_file(const std::string &path, const model_options &o = {})
    {
        network net(model::from_file(path, o));
        const std::vector<unsigned char> bytes = detail::read_file(path);
        if (detail::is_binary(bytes))
            net.load_bytes({bytes.data(), bytes.size()});
        return net;
    }

    const model &info() const noexcept { return m_; }

    /// Any number of samples: `input` holds so many times input_size() numbers, `output` takes as many times output_size(). What is
    /// missing in the last call's batch is filled up with zeros. A network that mixes the samples of a batch needs whole
    /// batches.
    template <class T> void forward(span<const T> input, span<T> output)
    {
        const guard busy(*this);
        check_type<T>();
        const std::size_t n = samples<T>(input.size(), m_.input_size(), "input");
        if (output.size() != n * m_.output_size())
            detail::fail(LOOM_E_ARGUMENT, "the output has " + std::to_string(output.size()) + " numbers, expected " +
                         std::to_string(n * m_.output_size()) + ", those of " + std::to_string(n) + " samples", "output");
        for (std::size_t i = 0; i < n; i += m_.batch())
            forward_batch(input.data() + i * m_.input_size(), output.data() + i * m_.output_size(), n - i);
    }
    template <class T> std::vector<T> forward(span<const T> input)
    {
        std::vector<T> output(samples<T>(input.size(), m_.input_size(), "input") * m_.output_size());
        forward<T>(input, span<T>(output.data(), output.size()));
        return output;
    }

    /// Trains on samples as in forward, epoch after epoch, and returns the loss of each. The last mini-batch of an epoch is filled up
    /// with the first samples of its order. When a loss is not finite any more, training stops with LOOM_E_NOT_FINITE
    /// and the weights are spoilt. on_progress may call this network (but neither move nor end it); when it throws, training
    /// ends with that.
    template <class T> std::vector<double> train(span<const T> inputs, span<const T> targets, const train_options &o = {})
    {
        const guard busy(*this);
        check_type<T>();
        const std::size_t n = samples<T>(inputs.size(), m_.input_size(), "inputs");
        check_train(n, targets.size());
        if (!(o.learning_rate >= 0 && o.learning_rate <= 1e30))
            detail::fail(LOOM_E_ARGUMENT, "the learning rate must be a number from 0 on", "learning_rate");
        training t{*this, o, {}, nullptr};
        const int shuffle = !o.shuffle ? 0 : o.seed == train_options::described_seed ? 1 : 2;
        const loom_fit_options fit{o.epochs, o.first_epoch, o.learning_rate, shuffle, o.seed, training::tell, &t};
        double loss = 0;
        const int status = loom_fit(m_.get(), instance(), inputs.data(), targets.data(), n, &fit, &loss);
        if (t.thrown)
            std::rethrow_exception(t.thrown);
        if (status == LOOM_E_NOT_FINITE)
            detail::fail(status, "the loss is no finite number any more in epoch " + std::to_string(t.losses.size()) +
                         ", and the weights are spoilt: load or create the network again (is the learning rate too large?)");
        detail::check(status, "training");
        return std::move(t.losses);
    }

    /// Whole mini-batches as they are, in their order: one step of the optimiser for each. Returns the mean loss.
    template <class T> double train_batches(span<const T> inputs, span<const T> targets)
    {
        const guard busy(*this);
        check_type<T>();
        const std::size_t n = samples<T>(inputs.size(), m_.input_size(), "inputs");
        check_train(n, targets.size());
        double loss = 0;
        detail::check(loom_train(m_.get(), instance(), inputs.data(), targets.data(), n, &loss), "training takes whole mini-batches");
        return loss;
    }

    /// The two halves of a step, for a model that keeps its gradients: adds those of one mini-batch, and returns its loss; one step
    /// with their mean.
    template <class T> double backward(span<const T> input, span<const T> target)
    {
        const guard busy(*this);
        check_type<T>();
        if (input.size() != m_.batch() * m_.input_size() || target.size() != m_.batch() * m_.output_size())
            detail::fail(LOOM_E_ARGUMENT, "backward takes one mini-batch of " + std::to_string(m_.batch()) + " samples", "input");
        double loss = 0;
        detail::check(loom_backward(m_.get(), instance(), input.data(), target.data(), &loss), "backward");
        return loss;
    }
    void update()
    {
        const guard busy(*this);
        detail::check(loom_update(m_.get(), instance()), "update");
    }
    void clear()
    {
        const guard busy(*this);
        detail::check(loom_clear(m_.get(), instance()), "clear");
    }

    /// How far predictions (a sample's only output, or the index of its largest) are from what was expected.
    template <class T> loom_metrics evaluate(span<const T> inputs, span<const double> expected)
    {
        const std::size_t n = samples<T>(inputs.size(), m_.input_size(), "inputs"), row = m_.output_size();
        if (expected.size() != n)
            detail::fail(LOOM_E_ARGUMENT, std::to_string(n) + " samples, but " + std::to_string(expected.size()) +
                         " numbers that are expected", "expected");
        const std::vector<T> outputs = forward<T>(inputs);
        loom_metrics metrics{};
        for (std::size_t i = 0; i < n; i++)
            loom_metrics_add(&metrics, expected[i], loom_prediction(m_.type(), outputs.data() + i * row, row));
        return metrics;
    }

    /// Forgets what is kept from call to call (stateful rnn, lstm, gru); weights and progress stay.
    void reset()
    {
        const guard busy(*this);
        detail::check(loom_reset(m_.get(), instance()), "reset");
    }

    double learning_rate()
    {
        const guard busy(*this);
        double rate = 0;
        detail::check(loom_learning_rate(m_.get(), instance(), &rate), "the learning rate");
        return rate;
    }
    void learning_rate(double rate)
    {
        const guard busy(*this);
        detail::check(loom_set_learning_rate(m_.get(), instance(), rate), "the learning rate");
    }
    loom_schedule schedule()
    {
        const guard busy(*this);
        loom_schedule s{};
        detail::check(loom_get_schedule(m_.get(), instance(), &s), "the schedule");
        return s;
    }
    void schedule(const loom_schedule &s)
    {
        const guard busy(*this);
        detail::check(loom_set_schedule(m_.get(), instance(), &s), "the schedule");
    }
    /// Steps of the optimiser so far.
    std::uint64_t steps()
    {
        const guard busy(*this);
        std::uint64_t n = 0;
        detail::check(loom_steps(m_.get(), instance(), &n), "steps");
        return n;
    }

    /// The numbers of a tensor where they lie in the network, row-major: what is written there counts from the next call on.
    /// Valid until the network ends. tensor<const float> reads those that are frozen.
    template <class T> span<T> tensor(const std::string &name)
    {
        const guard busy(*this);
        check_type<std::remove_const_t<T>>();
        const int i = loom_tensor_find(m_.get(), name.c_str());
        if (i < 0)
            detail::fail(i, "there is no tensor '" + name + "'" + names(), "name");
        if (!std::is_const_v<T> && loom_tensor_role(m_.get(), i) == LOOM_FROZEN)
            detail::fail(LOOM_E_CONSTANT, "'" + name + "' is constant; tensor<const ...> reads it", "name");
        return {static_cast<T *>(loom_tensor_data(m_.get(), instance(), i)), loom_tensor_size(m_.get(), i)};
    }

    /// The weights as the bytes of a .loom file, and from them. load_bytes takes bundles too.
    std::vector<unsigned char> save_bytes(const save_options &o = {})
    {
        const guard busy(*this);
        const loom_save_options options{o.type, o.scales, o.training, o.description};
        std::size_t size = 0;
        detail::check(loom_save(m_.get(), instance(), &options, nullptr, 0, &size), "saving");
        std::vector<unsigned char> bytes(size);
        detail::check(loom_save(m_.get(), instance(), &options, bytes.data(), bytes.size(), &size), "saving");
        return bytes;
    }
    void load_bytes(span<const unsigned char> bytes)
    {
        const guard busy(*this);
        if (!detail::is_binary(bytes))
            return load_bundle(bytes);
        const int loaded = loom_load(m_.get(), instance(), bytes.data(), bytes.size());
        const char *name = loaded == LOOM_E_MISMATCH ? loom_load_problem(m_.get(), instance(), bytes.data(), bytes.size()) : nullptr;
        detail::check(loaded, name ? (std::string("the file of weights, tensor '") + name + "'").c_str() : "the file of weights");
    }
    /// The network with its weights as a bundle (JSON).
    std::string save_bundle(const std::string &id = {})
    {
        const guard busy(*this);
        loom_error e{};
        const detail::text json(loom_bundle_save(m_.get(), instance(), id.c_str(), &e));
        if (!json)
            detail::fail(e);
        return json.get();
    }
    /// To a file: a bundle when its name ends in .json, else binary. The file appears whole or not at all.
    void save(const std::string &path, const save_options &o = {})
    {
        const bool bundle = path.size() >= 5 && path.compare(path.size() - 5, 5, ".json") == 0;
        if (bundle) {
            const std::string json = save_bundle();
            detail::write_file(path, json.data(), json.size());
        } else {
            const std::vector<unsigned char> bytes = save_bytes(o);
            detail::write_file(path, bytes.data(), bytes.size());
        }
    }
    /// From a file of either kind. After an error the weights are as they were.
    void load(const std::string &path)
    {
        const std::vector<unsigned char> bytes = detail::read_file(path);
        load_bytes({bytes.data(), bytes.size()});
    }

private:
    /// Stays where it is when the network moves.
    struct state {
        explicit state(model of) : m(std::move(of))
        {
            const int status = loom_instance_new(m.get(), &instance);
            check(status);
        }
        state(const state &) = delete;
        state &operator=(const state &) = delete;
        ~state() { loom_instance_free(m.get(), instance); }
        static void check(int status) { detail::check(status, "the network cannot be created"); }
        model m;
        void *instance = nullptr;
        std::atomic<std::thread::id> user{std::thread::id()};
    };

    /// While one lives, the network belongs to this thread.
    class guard {
    public:
        explicit guard(const network &net) : state_(net.state_.get())
        {
            if (!state_)
                detail::fail(LOOM_E_MOVED, "the network was moved from");
            std::thread::id nobody;
            const std::thread::id me = std::this_thread::get_id();
            outer_ = state_->user.compare_exchange_strong(nobody, me, std::memory_order_acquire);
            if (!outer_ && nobody != me)
                detail::fail(LOOM_E_BUSY, "another thread is using this network; give each thread one of its own");
        }
        ~guard()
        {
            if (outer_)
                state_->user.store(std::thread::id(), std::memory_order_release);
        }
        guard(const guard &) = delete;
        guard &operator=(const guard &) = delete;

    private:
        state *state_;
        bool outer_;
    };

    void *instance() const
    {
        if (!state_)
            detail::fail(LOOM_E_MOVED, "the network was moved from");
        return state_->instance;
    }

    template <class T> void check_type() const
    {
        if (detail::type_of<T>::value != m_.type())
            detail::fail(LOOM_E_ARGUMENT, "the network '" + m_.id() + "' computes with " + detail::type_name(m_.type()) + ", not with " +
                         detail::type_name(detail::type_of<T>::value), "type");
    }

    bool mixes() const { return m_.get()->output_rank < 1 || m_.get()->output_dim[0] != m_.get()->batch; }

    template <class T> std::size_t samples(std::size_t numbers, std::size_t each, const char *what) const
    {
        if (!state_)
            detail::fail(LOOM_E_MOVED, "the network was moved from");
        const std::size_t unit = mixes() ? each * m_.batch() : each;
        if (numbers == 0 || numbers % unit != 0)
            detail::fail(LOOM_E_ARGUMENT, std::string("the ") + what + " has " + std::to_string(numbers) + " numbers, expected " +
                         std::to_string(unit) + (mixes() ? " or a multiple: whole batches" : ", a sample, or a multiple"), what);
        return numbers / each;
    }

    void check_train(std::size_t n, std::size_t targets) const
    {
        if (!m_.can_train())
            detail::fail(LOOM_E_UNSUPPORTED, "the network '" + m_.id() + "' was not made for training: make it with {.train = 1}, or "
                         "compile it with --train");
        if (targets != n * m_.output_size())
            detail::fail(LOOM_E_ARGUMENT, "the targets have " + std::to_string(targets) + " numbers, expected " +
                         std::to_string(n * m_.output_size()) + ", those of " + std::to_string(n) + " samples", "targets");
    }

    /// One call; `left` samples are there.
    template <class T> void forward_batch(const T *input, T *output, std::size_t left)
    {
        const std::size_t in = m_.batch() * m_.input_size(), out = m_.batch() * m_.output_size();
        if (left >= m_.batch())
            return detail::check(loom_forward(m_.get(), instance(), input, in, output, out), "forward");
        std::vector<T> x(in), y(out);
        std::copy(input, input + left * m_.input_size(), x.begin());
        detail::check(loom_forward(m_.get(), instance(), x.data(), in, y.data(), out), "forward");
        std::copy(y.data(), y.data() + left * m_.output_size(), output);
    }

    /// What the loop of loom_fit tells; exceptions must not pass through it.
    struct training {
        network &net;
        const train_options &o;
        std::vector<double> losses;
        std::exception_ptr thrown;

        static int tell(void *context, std::uint64_t epochs, double loss) noexcept
        {
            training &t = *static_cast<training *>(context);
            try {
                t.losses.push_back(loss);
                const auto all = static_cast<std::size_t>(epochs);
                return t.o.on_progress && !t.o.on_progress({all, loss}) ? 1 : 0;
            } catch (...) {
                t.thrown = std::current_exception();
                return 1;
            }
        }
    };

    void load_bundle(span<const unsigned char> bytes)
    {
        loom_error e{};
        const char *json = bytes.empty() ? "" : reinterpret_cast<const char *>(bytes.data());
        if (loom_bundle_load(m_.get(), instance(), json, bytes.size(), nullptr, &e) < 0)
            detail::fail(e);
    }

    std::string names() const
    {
        std::string all;
        for (const tensor_info &t : m_.tensors())
            all += (all.empty() ? "; there are " : ", ") + t.name;
        return all.empty() ? "; this network shows none (compile it with --train)" : all;
    }

    model m_;
    std::unique_ptr<state> state_;
};

} // namespace loom

#endif
