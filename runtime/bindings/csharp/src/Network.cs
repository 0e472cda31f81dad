using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;

namespace Loom
{
    /// <summary>An instance of the library. It is freed when it is closed and no call is in it.</summary>
    sealed class InstanceHandle : SafeHandle
    {
        readonly ModelHandle model;

        internal InstanceHandle(ModelHandle model) : base(IntPtr.Zero, true)
        {
            bool added = false;
            model.DangerousAddRef(ref added);
            this.model = model;
        }

        internal void Take(IntPtr instance) { SetHandle(instance); }

        public override bool IsInvalid { get { return false; } } /* there is the model to give back */

        protected override bool ReleaseHandle()
        {
            if (handle != IntPtr.Zero)
                model.Library.InstanceFree(model.DangerousGetHandle(), handle);
            model.DangerousRelease();
            return true;
        }
    }

    /// <summary>A running copy of a <see cref="Model"/>, with weights, states and progress of its own. It takes one call at a time:
    /// a second thread that calls it meanwhile gets an InvalidOperationException. Several networks run in parallel.</summary>
    /// <typeparam name="T">The type of its numbers: float, double, sbyte, short or int.</typeparam>
    /// <remarks>All methods throw ObjectDisposedException after Dispose.</remarks>
    public sealed unsafe class Network<T> : IDisposable where T : struct
    {
        /// <summary>Its model.</summary>
        public Model Model { get; }

        readonly Library library;
        readonly InstanceHandle handle;
        readonly IntPtr m;
        readonly int batch, inputSize, outputSize, sampleIn, sampleOut;
        readonly bool mixes;
        int busy;
        volatile bool disposed; /* the handle lives on until the last call is done */

        internal Network(Model model)
        {
            Model = model;
            library = model.Handle.Library;
            handle = new InstanceHandle(model.Handle);
            m = model.Handle.DangerousGetHandle();
            IntPtr instance;
            int status = library.InstanceNew(m, &instance);
            if (status < 0)
            {
                handle.Dispose();
                throw library.Failure(status, "a new network");
            }
            handle.Take(instance);
            batch = model.Batch;
            inputSize = model.InputSize;
            outputSize = model.OutputSize;
            sampleIn = inputSize / batch;
            sampleOut = outputSize / batch;
            mixes = model.OutputShape.Length == 0 || model.OutputShape[0] != batch;
        }

        /// <summary>A network with weights and all from a file: a bundle, a binary file with its description, or a description. Its
        /// numbers are of type T, whatever the file says.</summary>
        /// <exception cref="LoomException">As Model.FromFile.</exception>
        /// <exception cref="IOException">The file cannot be read.</exception>
        public static Network<T> FromFile(string path)
        {
            using (Model model = Model.FromFile(path, new ModelOptions { Element = Element.Of<T>() }))
                return model.CreateNetwork<T>();
        }

        /// <summary>Gives its memory back, when no call is in it any more.</summary>
        public void Dispose()
        {
            disposed = true;
            handle.Dispose();
        }

        /* ---- one call at a time ------------------------------------------------------------------------------------ */

        IntPtr Enter()
        {
            if (disposed)
                throw new ObjectDisposedException("Network");
            bool added = false;
            handle.DangerousAddRef(ref added);
            if (Interlocked.CompareExchange(ref busy, 1, 0) != 0)
            {
                handle.DangerousRelease();
                throw new InvalidOperationException("another thread's call is in the network '" + Model.Id +
                                                    "': one at a time, or a network for each thread");
            }
            return handle.DangerousGetHandle();
        }

        void Leave()
        {
            Volatile.Write(ref busy, 0);
            handle.DangerousRelease();
        }

        void Check(int status, string what)
        {
            if (status < 0)
                throw library.Failure(status, what);
        }

        int CountSamples(int n, int one, string argument)
        {
            if (n == 0 || one == 0 || n % one != 0)
                throw new ArgumentException("the " + argument + " has " + n + " numbers, expected one or more samples of " + one, argument);
            return n / one;
        }

        /* ---- forward ------------------------------------------------------------------------------------------------ */

        /// <summary>Runs any number of samples, one after the other, and writes what the network makes of each. They go through it in
        /// mini-batches of Model.Batch, the last one filled up with zeros. Nothing is copied unless that is needed.</summary>
        /// <exception cref="ArgumentException">No whole samples, or no room for exactly their outputs; or the network mixes the
        /// samples of a batch, and these are no whole batches.</exception>
        /// <exception cref="InvalidOperationException">Another thread's call is in the network.</exception>
        public void Forward(ReadOnlySpan<T> input, Span<T> output)
        {
            IntPtr instance = Enter();
            try
            {
                if (input.Length == inputSize && output.Length == outputSize)
                    Call(instance, input, output);
                else
                    ForwardMany(instance, input, output);
            }
            finally
            {
                Leave();
            }
        }

        /// <summary>The same with an output of its own.</summary>
        /// <exception cref="ArgumentException">As the other Forward.</exception>
        /// <exception cref="InvalidOperationException">Another thread's call is in the network.</exception>
        public T[] Forward(ReadOnlySpan<T> input)
        {
            var output = new T[CountSamples(input.Length, sampleIn, "input") * sampleOut];
            Forward(input, output);
            return output;
        }

        /// <summary>Forward for arrays.</summary>
        /// <exception cref="ArgumentException">As the other Forward.</exception>
        /// <exception cref="InvalidOperationException">Another thread's call is in the network.</exception>
        public void Forward(T[] input, T[] output)
        {
            if (input == null || output == null)
                throw new ArgumentNullException(input == null ? "input" : "output");
            Forward(new ReadOnlySpan<T>(input), new Span<T>(output));
        }

        /// <summary>Forward for arrays, with an output of its own.</summary>
        /// <exception cref="ArgumentException">As the other Forward.</exception>
        /// <exception cref="InvalidOperationException">Another thread's call is in the network.</exception>
        public T[] Forward(T[] input)
        {
            if (input == null)
                throw new ArgumentNullException("input");
            return Forward(new ReadOnlySpan<T>(input));
        }

        void Call(IntPtr instance, ReadOnlySpan<T> input, Span<T> output)
        {
            fixed (byte* x = &MemoryMarshal.GetReference(MemoryMarshal.AsBytes(input)))
            fixed (byte* y = &MemoryMarshal.GetReference(MemoryMarshal.AsBytes(output)))
            {
                int status = library.Forward(m, instance, x, (UIntPtr)(uint)input.Length, y, (UIntPtr)(uint)output.Length);
                if (status < 0)
                    throw library.Failure(status, "forward");
            }
        }

        void ForwardMany(IntPtr instance, ReadOnlySpan<T> input, Span<T> output)
        {
            int samples = CountSamples(input.Length, sampleIn, "input"), rest = samples % batch, whole = samples / batch;
            if (output.Length != samples * sampleOut)
                throw new ArgumentException("the output has " + output.Length + " numbers, expected " + samples * sampleOut, "output");
            if (rest != 0 && mixes)
                throw new ArgumentException(samples + " samples are no whole batches of " + batch + ", and the network mixes those of a batch",
                                            "input");
            for (int i = 0; i < whole; i++)
                Call(instance, input.Slice(i * inputSize, inputSize), output.Slice(i * outputSize, outputSize));
            if (rest == 0)
                return;
            T[] x = new T[inputSize], y = new T[outputSize];
            input.Slice(whole * inputSize).CopyTo(x);
            Call(instance, x, y);
            new ReadOnlySpan<T>(y, 0, rest * sampleOut).CopyTo(output.Slice(whole * outputSize));
        }

        /* ---- training ----------------------------------------------------------------------------------------------- */

        /// <summary>Trains on samples, one after the other in input and target, for some epochs; returns the mean loss of each. When
        /// the last mini-batch of an epoch is not full, the epoch's first samples fill it up.</summary>
        /// <exception cref="ArgumentException">No whole samples, not as many targets, or a rate that is none.</exception>
        /// <exception cref="LoomException">Unsupported: the model was not made for training (ModelOptions.Training, "loomc compile
        /// --train"). NotFinite: the loss is no finite number any more, and the weights are spoilt.</exception>
        /// <exception cref="InvalidOperationException">Another thread's call is in the network.</exception>
        public double[] Train(ReadOnlySpan<T> input, ReadOnlySpan<T> target, TrainingOptions options = null)
        {
            TrainingOptions o = options ?? new TrainingOptions();
            int samples = CountBoth(input.Length, target.Length);
            if (o.Epochs < 0 || o.FirstEpoch < 0)
                throw new ArgumentException("the epochs are " + Math.Min(o.Epochs, o.FirstEpoch) + ", expected a number from 0 on", "options");
            var losses = new List<double>();
            ExceptionDispatchInfo thrown = null;
            Library.OnEpoch onEpoch = (context, epochs, loss) =>
            {
                losses.Add(loss);
                try
                {
                    return o.Progress == null || Told(o.Progress, (long)epochs, loss) ? 0 : 1;
                }
                catch (Exception e)
                {
                    thrown = ExceptionDispatchInfo.Capture(e);
                    return 1;
                }
            };
            var native = new NativeFit
            {
                Epochs = (ulong)o.Epochs, FirstEpoch = (ulong)o.FirstEpoch, LearningRate = o.LearningRate,
                Shuffle = !o.Shuffle ? 0 : o.Seed.HasValue ? 2 : 1, Seed = o.Seed ?? 0,
                Progress = Marshal.GetFunctionPointerForDelegate(onEpoch)
            };
            IntPtr instance = Enter();
            try
            {
                fixed (byte* x = &MemoryMarshal.GetReference(MemoryMarshal.AsBytes(input)))
                fixed (byte* y = &MemoryMarshal.GetReference(MemoryMarshal.AsBytes(target)))
                {
                    int status = library.Fit(m, instance, x, y, (UIntPtr)(uint)samples, &native, null);
                    if (thrown != null)
                        thrown.Throw();
                    CheckTraining(status, o.LearningRate);
                }
            }
            finally
            {
                GC.KeepAlive(onEpoch);
                Leave();
            }
            return losses.ToArray();
        }

        /// <summary>Train for arrays.</summary>
        /// <exception cref="ArgumentException">As the other Train.</exception>
        /// <exception cref="LoomException">As the other Train.</exception>
        /// <exception cref="InvalidOperationException">Another thread's call is in the network.</exception>
        public double[] Train(T[] input, T[] target, TrainingOptions options = null)
        {
            if (input == null || target == null)
                throw new ArgumentNullException(input == null ? "input" : "target");
            return Train(new ReadOnlySpan<T>(input), new ReadOnlySpan<T>(target), options);
        }

        /// <summary>The callback may use the network: between two epochs no call is in it.</summary>
        bool Told(Func<long, double, bool> progress, long epochs, double loss)
        {
            Volatile.Write(ref busy, 0);
            try
            {
                return progress(epochs, loss);
            }
            finally
            {
                if (Interlocked.CompareExchange(ref busy, 1, 0) != 0)
                    throw new InvalidOperationException("another thread's call is in the network '" + Model.Id + "' that trains");
            }
        }

        void CheckTraining(int status, double rate)
        {
            if (status == (int)LoomStatus.Unsupported && !Model.CanTrain)
                throw new LoomException(LoomStatus.Unsupported, "'" + Model.Id + "' was not made for training: use ModelOptions.Training, or " +
                                                                "loomc compile --train");
            if (status == (int)LoomStatus.Unsupported)
                throw new LoomException(LoomStatus.Unsupported, "'" + Model.Id + "' mixes the samples of a batch");
            if (status == (int)LoomStatus.Argument)
                throw new ArgumentException("the learning rate is " + rate + ", expected a number from 0 on", "LearningRate");
            Check(status, "training");
        }

        int CountBoth(int nInput, int nTarget)
        {
            int samples = CountSamples(nInput, sampleIn, "input");
            if (nTarget != samples * sampleOut)
                throw new ArgumentException("the target has " + nTarget + " numbers, expected " + samples * sampleOut + " for " + samples +
                                            " samples", "target");
            return samples;
        }

        /// <summary>Steps of the optimiser on whole mini-batches in their order; returns the mean loss before the steps.</summary>
        /// <exception cref="ArgumentException">No whole mini-batches.</exception>
        /// <exception cref="LoomException">Unsupported: the model was not made for training.</exception>
        /// <exception cref="InvalidOperationException">Another thread's call is in the network.</exception>
        public double TrainStep(ReadOnlySpan<T> input, ReadOnlySpan<T> target)
        {
            int samples = CountBoth(input.Length, target.Length);
            if (samples % batch != 0)
                throw new ArgumentException(samples + " samples are no whole mini-batches of " + batch, "input");
            double loss = 0;
            IntPtr instance = Enter();
            try
            {
                fixed (byte* x = &MemoryMarshal.GetReference(MemoryMarshal.AsBytes(input)))
                fixed (byte* y = &MemoryMarshal.GetReference(MemoryMarshal.AsBytes(target)))
                    CheckTraining(library.Train(m, instance, x, y, (UIntPtr)(uint)samples, &loss), 0);
            }
            finally
            {
                Leave();
            }
            return loss;
        }

        /// <summary>The loss of one mini-batch, whose gradients are added to those that are kept.</summary>
        /// <exception cref="ArgumentException">Not one mini-batch.</exception>
        /// <exception cref="LoomException">Unsupported: the model keeps no gradients (ModelOptions.Gradients).</exception>
        /// <exception cref="InvalidOperationException">Another thread's call is in the network.</exception>
        public double Backward(ReadOnlySpan<T> input, ReadOnlySpan<T> target)
        {
            if (CountBoth(input.Length, target.Length) != batch)
                throw new ArgumentException("one mini-batch is expected: " + batch + " samples", "input");
            double loss = 0;
            IntPtr instance = Enter();
            try
            {
                fixed (byte* x = &MemoryMarshal.GetReference(MemoryMarshal.AsBytes(input)))
                fixed (byte* y = &MemoryMarshal.GetReference(MemoryMarshal.AsBytes(target)))
                    Check(library.Backward(m, instance, x, y, &loss), "backward");
            }
            finally
            {
                Leave();
            }
            return loss;
        }

        /// <summary>One step of the optimiser with the mean of the gradients that are kept, which are zero after it.</summary>
        /// <exception cref="LoomException">Unsupported: the model keeps no gradients.</exception>
        public void Update() { Simply(library.Update, "update"); }

        /// <summary>Makes the gradients that are kept zero.</summary>
        /// <exception cref="LoomException">Unsupported: the model keeps no gradients.</exception>
        public void Clear() { Simply(library.Clear, "clear"); }

        /// <summary>Forgets what is kept from call to call, as by an lstm with "stateful"; weights and progress stay.</summary>
        public void Reset() { Simply(library.Reset, "reset"); }

        void Simply(Library.OfInstance function, string what)
        {
            IntPtr instance = Enter();
            try
            {
                Check(function(m, instance), what);
            }
            finally
            {
                Leave();
            }
        }

        /// <summary>Runs samples and compares what they predict with what is expected: the number itself of a network with one
        /// output, else the index of the largest.</summary>
        /// <exception cref="ArgumentException">As Forward; or not one expected number for each sample.</exception>
        /// <exception cref="LoomException">Unsupported: the network mixes the samples of a batch.</exception>
        /// <exception cref="InvalidOperationException">Another thread's call is in the network.</exception>
        public Metrics Evaluate(ReadOnlySpan<T> input, ReadOnlySpan<double> expected)
        {
            if (mixes)
                throw new LoomException(LoomStatus.Unsupported, "'" + Model.Id + "' mixes the samples of a batch");
            int samples = CountSamples(input.Length, sampleIn, "input");
            if (expected.Length != samples)
                throw new ArgumentException("there are " + expected.Length + " expected numbers for " + samples + " samples", "expected");
            T[] output = Forward(input);
            var buckets = new long[7];
            double score = 0, deviation = 0; /* the sums of loom_metrics_add, in its order */
            fixed (byte* y = &MemoryMarshal.GetReference(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(output))))
                for (int i = 0; i < samples; i++)
                {
                    byte* row = y + (long)i * sampleOut * Element.SizeOf(Model.Element);
                    double d = library.Deviation(expected[i], library.Prediction((int)Model.Element, row, (UIntPtr)(uint)sampleOut));
                    buckets[library.Bucket(d)]++;
                    score += d < 100 ? 100 - d : 0;
                    deviation += d;
                }
            return new Metrics(samples, buckets, score / samples, deviation / samples);
        }

        /// <summary>The learning rate of the next step; set: the rate that the schedule starts from.</summary>
        /// <exception cref="ArgumentException">Set: negative, infinite or no number.</exception>
        public double LearningRate
        {
            get
            {
                double rate = 0;
                IntPtr instance = Enter();
                library.LearningRate(m, instance, &rate);
                Leave();
                return rate;
            }
            set
            {
                IntPtr instance = Enter();
                int status = library.SetLearningRate(m, instance, value);
                Leave();
                CheckTraining(status, value);
            }
        }

        /// <summary>How the learning rate changes with the step.</summary>
        /// <exception cref="ArgumentException">Set: a kind or a number that is none.</exception>
        public Schedule Schedule
        {
            get
            {
                Schedule s;
                IntPtr instance = Enter();
                library.ScheduleGet(m, instance, &s);
                Leave();
                return s;
            }
            set
            {
                IntPtr instance = Enter();
                int status = library.ScheduleSet(m, instance, &value);
                Leave();
                if (status < 0)
                    throw new ArgumentException("the schedule has a kind or a number that is none", "value");
            }
        }

        /// <summary>Steps of the optimiser so far.</summary>
        public long Steps
        {
            get
            {
                ulong steps = 0;
                IntPtr instance = Enter();
                library.Steps(m, instance, &steps);
                Leave();
                return (long)steps;
            }
        }

        /* ---- tensors ------------------------------------------------------------------------------------------------ */

        /// <summary>The numbers of a tensor where they lie in the network, to be read and written.</summary>
        /// <exception cref="KeyNotFoundException">There is none of that name.</exception>
        public Tensor<T> this[string name]
        {
            get
            {
                for (int i = 0; i < Model.Tensors.Count; i++)
                    if (Model.Tensors[i].Name == name)
                        return new Tensor<T>(this, Model.Tensors[i], i);
                throw new KeyNotFoundException("'" + Model.Id + "' has no tensor '" + name + "'");
            }
        }

        internal Span<T> View(int i)
        {
            IntPtr instance = Enter();
            IntPtr at = library.TensorData(m, instance, i);
            Leave();
            return at == IntPtr.Zero ? new Span<T>() : new Span<T>((void*)at, Model.Tensors[i].Size);
        }

        /* ---- files -------------------------------------------------------------------------------------------------- */

        /// <summary>The weights as a binary file.</summary>
        /// <exception cref="LoomException">Range: a weight is too large for the type.</exception>
        /// <exception cref="ArgumentException">A checkpoint in another type: it is exact.</exception>
        public byte[] SaveBytes(SaveOptions options = null)
        {
            SaveOptions o = options ?? new SaveOptions();
            var native = new NativeSave
            {
                Type = o.Element.HasValue ? (int)o.Element.Value : 0, Scales = o.ChannelScales ? 1 : 0, Training = o.Training ? 1 : 0,
                Description = o.Description ? 1 : 0
            };
            IntPtr instance = Enter();
            try
            {
                UIntPtr size;
                CheckSaving(library.Save(m, instance, &native, null, UIntPtr.Zero, &size));
                var bytes = new byte[checked((int)size)];
                fixed (byte* at = bytes)
                    CheckSaving(library.Save(m, instance, &native, at, size, &size));
                return bytes;
            }
            finally
            {
                Leave();
            }
        }

        void CheckSaving(int status)
        {
            if (status == (int)LoomStatus.Argument)
                throw new ArgumentException("no such type; a checkpoint is saved exact, without one", "options");
            Check(status, "saving");
        }

        /// <summary>Takes weights, and the progress of a checkpoint, from a binary file. After an exception all is as it was.</summary>
        /// <exception cref="LoomException">Format, Checksum: no such file, cut short, or damaged. Mismatch: of another network; Where is the
        /// tensor. Constant: a weight that is part of the code differs.</exception>
        public void LoadBytes(byte[] bytes)
        {
            if (bytes == null)
                throw new ArgumentNullException("bytes");
            if (bytes.Length == 0)
                throw new LoomException(LoomStatus.Format, "loading: the file is empty");
            IntPtr instance = Enter();
            try
            {
                fixed (byte* at = bytes)
                {
                    int status = library.Load(m, instance, at, (UIntPtr)(uint)bytes.Length);
                    if (status == (int)LoomStatus.Mismatch)
                    {
                        string name = Library.Text(library.Problem(m, instance, at, (UIntPtr)(uint)bytes.Length));
                        throw new LoomException(LoomStatus.Mismatch, "loading: " + library.TextOf(status) + ": the tensor '" + name + "'", name);
                    }
                    Check(status, "loading");
                }
            }
            finally
            {
                Leave();
            }
        }

        /// <summary>Description and weights as one JSON text.</summary>
        /// <exception cref="LoomException">Unsupported: the weights are part of the code of a compiled model.</exception>
        public string SaveBundle()
        {
            byte* error = stackalloc byte[Library.ErrorSize];
            IntPtr instance = Enter();
            try
            {
                IntPtr text = library.BundleSave(m, instance, IntPtr.Zero, error);
                if (text == IntPtr.Zero)
                    throw Library.Failure(error);
                string json = Library.Text(text);
                library.FreeText(text);
                return json;
            }
            finally
            {
                Leave();
            }
        }

        /// <summary>Takes the weights of a bundle's model of that id, or of the first. After an exception all is as it was.</summary>
        /// <exception cref="LoomException">Description: no bundle, or of another network. Constant: a weight that is part of the code
        /// differs.</exception>
        public void LoadBundle(string json, string id = null)
        {
            if (json == null)
                throw new ArgumentNullException("json");
            byte[] text = Encoding.UTF8.GetBytes(json + "\0"), name = Library.Bytes(id, "id");
            byte* error = stackalloc byte[Library.ErrorSize];
            IntPtr instance = Enter();
            try
            {
                fixed (byte* at = text, pName = name)
                    if (library.BundleLoad(m, instance, at, (UIntPtr)(uint)(text.Length - 1), pName, error) < 0)
                        throw Library.Failure(error);
            }
            finally
            {
                Leave();
            }
        }

        /// <summary>Writes a bundle when the name ends in ".json", else a binary file; FromFile reads both. After an exception the file
        /// is as it was.</summary>
        /// <exception cref="IOException">The file cannot be written.</exception>
        public void Save(string path, SaveOptions options = null)
        {
            bool isBundle = path.EndsWith(".json", StringComparison.OrdinalIgnoreCase);
            byte[] bytes = isBundle ? Encoding.UTF8.GetBytes(SaveBundle()) : SaveBytes(options);
            string part = path + ".part";
            try
            {
                File.WriteAllBytes(part, bytes);
                if (File.Exists(path))
                    File.Replace(part, path, null);
                else
                    File.Move(part, path);
            }
            catch
            {
                File.Delete(part);
                throw;
            }
        }

        /// <summary>Takes the weights of a file: a bundle or a binary one.</summary>
        /// <exception cref="LoomException">As LoadBytes and LoadBundle.</exception>
        /// <exception cref="IOException">The file cannot be read.</exception>
        public void Load(string path)
        {
            byte[] bytes = File.ReadAllBytes(path);
            if (Model.IsBinary(bytes))
                LoadBytes(bytes);
            else
                LoadBundle(Model.Decode(bytes, 0, bytes.Length, path));
        }
    }

    /// <summary>A tensor of a network: no copy, but its own memory.</summary>
    /// <typeparam name="T">The type of the network's numbers.</typeparam>
    /// <remarks>All members throw ObjectDisposedException when the network was disposed of, and InvalidOperationException while a
    /// call is in it.</remarks>
    public sealed class Tensor<T> where T : struct
    {
        /// <summary>Its name, role and shape.</summary>
        public TensorInfo Info { get; }

        readonly Network<T> network;
        readonly int index;

        internal Tensor(Network<T> network, TensorInfo info, int index)
        {
            this.network = network;
            Info = info;
            this.index = index;
        }

        /// <summary>Its numbers, row-major. The span is good until the network is disposed of, which the caller must keep alive
        /// and out of other threads' calls as long as it uses the span.</summary>
        public ReadOnlySpan<T> AsReadOnlySpan() { return network.View(index); }

        /// <summary>The same to be written.</summary>
        /// <exception cref="InvalidOperationException">The tensor is constant.</exception>
        public Span<T> AsSpan()
        {
            if (Info.Role == Role.Frozen)
                throw new InvalidOperationException("the tensor '" + Info.Name + "' is constant");
            return network.View(index);
        }

        /// <summary>Number i of Info.Size.</summary>
        /// <exception cref="IndexOutOfRangeException">There is none.</exception>
        /// <exception cref="InvalidOperationException">Set: the tensor is constant.</exception>
        public T this[int i]
        {
            get
            {
                T x = AsReadOnlySpan()[i];
                GC.KeepAlive(network);
                return x;
            }
            set
            {
                Span<T> span = AsSpan();
                span[i] = value;
                GC.KeepAlive(network);
            }
        }

        /// <summary>A copy.</summary>
        public T[] ToArray()
        {
            T[] copy = AsReadOnlySpan().ToArray();
            GC.KeepAlive(network);
            return copy;
        }

        /// <summary>Gives it other numbers.</summary>
        /// <exception cref="ArgumentException">Not Info.Size of them.</exception>
        /// <exception cref="InvalidOperationException">The tensor is constant.</exception>
        public void Set(ReadOnlySpan<T> values)
        {
            if (values.Length != Info.Size)
                throw new ArgumentException("the tensor '" + Info.Name + "' has " + Info.Size + " numbers, not " + values.Length, "values");
            values.CopyTo(AsSpan());
            GC.KeepAlive(network);
        }
    }
}
