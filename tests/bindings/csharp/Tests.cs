// What every binding does, in C#, on libloom and on a library with compiled models: Tests.exe FOLDER
// FOLDER has liblogic.so (logic.json of the Rust example, trainable) and libfixed.so (the same with its first layer frozen)
// and libsmall.so (in int8).
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Threading;
using Loom;

static class Tests
{
    const string Dense = @"{""id"": ""dense"", ""batch_size"": 2, ""layers"": [
        {""type"": ""dense"", ""name"": ""fc"", ""input_size"": 3, ""output_size"": 2}],
        ""training"": {""loss"": ""mse"", ""optimizer"": ""sgd"", ""learning_rate"": 0.5}}";
    const string Xor = @"{""id"": ""gate"", ""seed"": 3, ""layers"": [
        {""type"": ""dense"", ""name"": ""a"", ""input_size"": 2, ""output_size"": 8, ""activation"": ""tanh""},
        {""type"": ""dropout"", ""rate"": 0.1},
        {""type"": ""dense"", ""name"": ""b"", ""output_size"": 1, ""activation"": ""sigmoid""}],
        ""training"": {""optimizer"": ""adam"", ""learning_rate"": 0.05, ""schedule"": ""cosine""}}";
    static readonly double[] inputs = { 0, 0, 0, 1, 1, 0, 1, 1 }, targets = { 0, 1, 1, 0 };
    static string folder;

    static void Equal<T>(T found, T expected)
    {
        if (!EqualityComparer<T>.Default.Equals(found, expected))
            throw new Exception("found " + found + ", expected " + expected);
    }

    static void Same<T>(IEnumerable<T> found, IEnumerable<T> expected)
    {
        if (!found.SequenceEqual(expected))
            throw new Exception("found " + string.Join(" ", found) + ", expected " + string.Join(" ", expected));
    }

    static void True(bool good, string what = "")
    {
        if (!good)
            throw new Exception("not so " + what);
    }

    static E Throws<E>(Action action, string part = "") where E : Exception
    {
        try
        {
            action();
        }
        catch (E e)
        {
            True(e.Message.Contains(part), "'" + e.Message + "' lacks '" + part + "'");
            return e;
        }
        throw new Exception("no " + typeof(E).Name);
    }

    static void Refused(LoomStatus status, Action action, string part = "") { Equal(Throws<LoomException>(action, part).Status, status); }

    static Network<float> NewDense(bool training = true)
    {
        using (Model model = Model.FromJson(Dense, new ModelOptions { Training = training }))
        {
            Network<float> net = model.CreateNetwork<float>();
            net["fc_kernel"].Set(new float[] { 1, 2, 3, 4, 5, 6 });
            net["fc_biases"].Set(new[] { 0.5f, -0.5f });
            return net;
        }
    }

    static Network<double> NewXor()
    {
        return Model.FromJson(Xor, new ModelOptions { Training = true, Element = ElementType.F64 }).CreateNetwork<double>();
    }

    static void DenseLayerComputesItsProducts()
    {
        using (Network<float> net = NewDense())
        {
            Same(net.Forward(new float[] { 1, 2, 3, -1, 0, 1 }), new[] { 22.5f, 27.5f, 4.5f, 3.5f }); // x W + b, the kernel is [3][2]
            Span<float> y = new float[6];
            net.Forward(new ReadOnlySpan<float>(new float[] { 9, 1, 2, 3, -1, 0, 1 }, 1, 6), y.Slice(1, 4));
            Same(y.ToArray(), new[] { 0, 22.5f, 27.5f, 4.5f, 3.5f, 0 });
        }
    }

    static void AnyNumberOfSamplesGoesThrough()
    {
        float[] x = { 1, 2, 3, -1, 0, 1, 2, 2, 2, 0, 1, 0, 1, 1, 1 }, y = { 22.5f, 27.5f, 4.5f, 3.5f, 18.5f, 23.5f, 3.5f, 3.5f, 9.5f, 11.5f };
        using (Network<float> net = NewDense())
            for (int n = 1; n <= 5; n++)
                Same(net.Forward(x.Take(3 * n).ToArray()), y.Take(2 * n));
    }

    static void StepOfSgdIsWhatCalculusSays()
    {
        using (Network<float> net = NewDense())
        {
            // y = [1.5, 1.5], [3.5, 3.5]: one of four numbers is off by 2; its gradient is 2 * 2 / 4
            Equal(net.TrainStep(new float[] { 1, 0, 0, 0, 1, 0 }, new[] { 1.5f, 1.5f, 3.5f, 1.5f }), 1.0);
            Same(net["fc_kernel"].ToArray(), new[] { 1, 2, 3, 3.5f, 5, 6 });
            Same(net["fc_biases"].ToArray(), new[] { 0.5f, -1 });
            Equal(net.Steps, 1);
        }
    }

    static void HalvesOfAStepAreAStep()
    {
        using (Model model = Model.FromJson(Dense, new ModelOptions { Gradients = true }))
        using (Network<float> a = model.CreateNetwork<float>(), b = model.CreateNetwork<float>())
        {
            float[] x = { 1, 2, 3, 4, 5, 6 }, y = { 1, 0, 0, 1 };
            double loss = a.Backward(x, y);
            a.Update();
            Equal(b.TrainStep(x, y), loss);
            Same(a.SaveBytes(), b.SaveBytes());
            a.Backward(x, y);
            a.Clear();
            a.Reset();
            foreach (TensorInfo t in model.Tensors.Where(t => t.Role == Role.Gradient))
                True(a[t.Name].ToArray().All(g => g == 0), t.Name);
        }
    }

    static void ItLearnsAndSaysHowFarItIs()
    {
        using (Network<double> net = NewXor())
        {
            var seen = new List<double>();
            var how = new TrainingOptions { Epochs = 400, LearningRate = 0.05 };
            how.Progress = (epochs, loss) =>
            {
                seen.Add(loss);
                Equal(epochs, seen.Count);
                return net.Forward(inputs).Length == 4; // between two epochs the network can be used
            };
            double[] losses = net.Train(inputs, targets, how);
            Same(seen, losses);
            True(losses.Length == 400 && losses[0] > 0.2 && losses[399] < 0.05);
            Metrics metrics = net.Evaluate(inputs, targets);
            True(metrics.Samples == 4 && metrics.Buckets.Sum() == 4 && metrics.Score > 80 && metrics.Deviation < 20);
        }
    }

    static void StoppedAndGoneOnWithIsLeftAlone()
    {
        using (Network<double> a = NewXor(), b = NewXor(), c = NewXor())
        {
            var how = new TrainingOptions { Epochs = 9, Seed = 5 };
            a.Train(inputs, targets, how);
            how.Progress = (epochs, loss) => epochs < 4;
            Equal(b.Train(inputs, targets, how).Length, 4);
            c.LoadBytes(b.SaveBytes(new SaveOptions { Training = true }));
            c.Train(inputs, targets, new TrainingOptions { FirstEpoch = 4, Epochs = 5, Seed = 5 });
            Same(c.SaveBytes(), a.SaveBytes());
            Equal(a.Steps, 36);
        }
    }

    static void LearningRateCanBeReadAndSet()
    {
        using (Network<float> net = NewDense())
        {
            Equal(net.LearningRate, 0.5);
            net.LearningRate = 0.25;
            Equal(net.LearningRate, 0.25);
            net.Schedule = new Schedule { Kind = 1, Rate = 1, End = 0.5, Steps = 10 };
            Equal(net.Schedule.End, 0.5);
            Throws<ArgumentException>(() => net.Schedule = new Schedule { Kind = 17 });
            foreach (double wrong in new[] { -1, double.NaN, double.PositiveInfinity })
            {
                Throws<ArgumentException>(() => net.LearningRate = wrong, "learning rate");
                Throws<ArgumentException>(() => net.Train(new float[6], new float[4], new TrainingOptions { LearningRate = wrong }), "rate");
            }
        }
    }

    static void FilesHoldTheNetwork()
    {
        string at = Path.Combine(folder, "files");
        Directory.CreateDirectory(at);
        using (Network<double> net = NewXor(), other = NewXor())
        {
            net.Train(inputs, targets, new TrainingOptions { Epochs = 3 });
            double[] y = net.Forward(inputs);
            for (int again = 0; again < 2; again++)
                foreach (string name in new[] { "net.loom", "net.json" })
                {
                    net.Save(Path.Combine(at, name));
                    using (Network<double> loaded = Network<double>.FromFile(Path.Combine(at, name)))
                        Same(loaded.Forward(inputs), y);
                    using (Network<double> fresh = NewXor())
                    {
                        fresh.Load(Path.Combine(at, name));
                        Same(fresh.Forward(inputs), y);
                    }
                }
            Same(Directory.GetFiles(at).Select(Path.GetFileName).OrderBy(n => n), new[] { "net.json", "net.loom" });
            other.LoadBundle(net.SaveBundle());
            Same(other.SaveBytes(), net.SaveBytes());
            byte[] small = net.SaveBytes(new SaveOptions { Element = ElementType.I8, ChannelScales = true });
            other.LoadBytes(small);
            True(small.Length < net.SaveBytes().Length && other.Forward(inputs).Zip(y, (a, b) => Math.Abs(a - b)).Max() < 0.02);
            Throws<DirectoryNotFoundException>(() => net.Save(Path.Combine(at, "no/such.loom")));
        }
    }

    static void ModelSaysWhatItIs()
    {
        using (Network<float> net = NewDense())
        {
            Model m = net.Model;
            Equal(m.ToString(), "dense: F32 [2, 3] -> [2, 2]");
            True(m.Parameters == 8 && m.CanTrain && !m.CanBackward && m.Batch == 2 && m.Description.Contains("\"dense\""));
            m.InputShape[0] = 9; // a copy
            Equal(m.InputShape[0], 2);
            TensorInfo kernel = m.Tensors.First(t => t.Name == "fc_kernel");
            Same(kernel.Shape, new[] { 3, 2 });
            True(kernel.Layer == "fc" && kernel.Role == Role.Param && kernel.Size == 6);
        }
    }

    static void TensorsAreViews()
    {
        using (Network<float> net = NewDense())
        {
            Tensor<float> b = net["fc_biases"];
            Span<float> span = b.AsSpan();
            span[1] = 7;
            Equal(net.Forward(new float[3])[1], 7f);
            b[0] = 3;
            Same(net["fc_biases"].ToArray(), new float[] { 3, 7 });
            Throws<IndexOutOfRangeException>(() => b[2] = 1);
            Throws<ArgumentException>(() => b.Set(new float[3]), "2 numbers, not 3");
            Throws<KeyNotFoundException>(() => net["nothing"].ToArray());
            net.Dispose();
            Throws<ObjectDisposedException>(() => b.ToArray());
            Throws<ObjectDisposedException>(() => b[0] = 1);
        }
    }

    static void WrongLengthsAreErrors()
    {
        using (Network<float> net = NewDense())
        {
            Equal(Throws<ArgumentException>(() => net.Forward(new float[5]), "5 numbers, expected one or more samples of 3").ParamName, "input");
            Equal(Throws<ArgumentException>(() => net.Forward(new float[6], new float[3]), "3 numbers, expected 4").ParamName, "output");
            Throws<ArgumentException>(() => net.Forward(new float[0]));
            Throws<ArgumentException>(() => net.Forward(new ReadOnlySpan<float>(), new Span<float>()));
            Throws<ArgumentNullException>(() => net.Forward((float[])null));
            Throws<ArgumentNullException>(() => net.Forward(new float[6], null));
            Throws<ArgumentNullException>(() => net.Train(null, new float[4]));
            Equal(Throws<ArgumentException>(() => net.Train(new float[6], new float[3])).ParamName, "target");
            Equal(Throws<ArgumentException>(() => net.TrainStep(new float[3], new float[2])).ParamName, "input");
            Equal(Throws<ArgumentException>(() => net.Evaluate(new float[6], new double[3])).ParamName, "expected");
            Throws<ArgumentException>(() => net.Train(new float[6], new float[4], new TrainingOptions { Epochs = -1 }));
        }
    }

    static void WrongTypesAreErrors()
    {
        using (Model model = Model.FromJson(Dense))
        using (Network<float> net = model.CreateNetwork<float>())
        {
            Throws<ArgumentException>(() => model.CreateNetwork<double>(), "computes in F32, not in F64");
            Throws<ArgumentException>(() => model.CreateNetwork<char>(), "not Char");
            Refused(LoomStatus.Unsupported, () => net.Train(new float[6], new float[4]), "not made for training");
            Refused(LoomStatus.Unsupported, () => net.Backward(new float[6], new float[4]));
            Refused(LoomStatus.Unsupported, net.Update);
        }
    }

    static void WrongTextsSayWhere()
    {
        var e = Throws<LoomException>(() => Model.FromJson("{\"layers\": [\n  {\"type\": \"desne\"}]}"), "did you mean 'dense'?");
        True(e.Status == LoomStatus.Description && e.Where == "/layers/0/type" && e.Line == 2 && e.Column == 12, e.Message);
        foreach (string text in new[] { "", "[", "nonsense", "{\"id\": \"\0\"}", "[1]", "{\"id\": \"\ud800\"}" })
            Refused(LoomStatus.Description, () => Model.FromJson(text));
        Throws<ArgumentNullException>(() => Model.FromJson(null));
        Equal(Throws<ArgumentException>(() => Model.FromJson(Dense, new ModelOptions { Loss = "nonsense" })).ParamName, "loss");
        Throws<ArgumentException>(() => Model.FromJson(Dense, new ModelOptions { Loss = "a\0b" }));
        using (Network<float> net = NewDense())
            Refused(LoomStatus.Description, () => net.LoadBundle("{}"));
    }

    static void DamagedFilesChangeNothing()
    {
        using (Network<float> net = NewDense())
        using (Network<double> other = NewXor())
        {
            byte[] good = net.SaveBytes(new SaveOptions { Description = false }), bad = (byte[])good.Clone();
            foreach (int n in new[] { 0, 1, 7, good.Length / 2, good.Length - 1 })
                Throws<LoomException>(() => net.LoadBytes(good.Take(n).ToArray()));
            bad[bad.Length - 1] ^= 1;
            Refused(LoomStatus.Checksum, () => net.LoadBytes(bad));
            Equal(Throws<LoomException>(() => net.LoadBytes(other.SaveBytes()), "tensor").Status, LoomStatus.Mismatch);
            Same(net.SaveBytes(new SaveOptions { Description = false }), good);
            Throws<FileNotFoundException>(() => Model.FromFile(Path.Combine(folder, "none.json")));
            File.WriteAllBytes(Path.Combine(folder, "weights.loom"), good);
            Refused(LoomStatus.Format, () => Model.FromFile(Path.Combine(folder, "weights.loom")), "without a description");
            Throws<ArgumentException>(() => net.SaveBytes(new SaveOptions { Training = true, Element = ElementType.I8 }));
        }
    }

    static void LostLossIsAnError()
    {
        using (Network<float> net = NewDense())
            Refused(LoomStatus.NotFinite, () => net.Train(Enumerable.Repeat(float.MaxValue, 6).ToArray(), new float[4]));
    }

    static void ExceptionOfTheCallbackGoesThrough()
    {
        using (Network<double> net = NewXor())
        {
            var how = new TrainingOptions { Epochs = 50 };
            how.Progress = (epochs, loss) =>
            {
                if (epochs == 3)
                    throw new FormatException("enough");
                return true;
            };
            Throws<FormatException>(() => net.Train(inputs, targets, how), "enough");
            Equal(net.Steps, 12); // three epochs of four samples
        }
    }

    static void DisposedIsDisposed()
    {
        Model model = Model.FromJson(Dense);
        Network<float> net = model.CreateNetwork<float>();
        model.Dispose();
        model.Dispose();
        Equal(net.Forward(new float[3]).Length, 2); // a network keeps its model
        Throws<ObjectDisposedException>(() => model.CreateNetwork<float>());
        net.Dispose();
        net.Dispose();
        Throws<ObjectDisposedException>(() => net.Forward(new float[3]));
        Throws<ObjectDisposedException>(() => net.Train(new float[3], new float[2]));
        Throws<ObjectDisposedException>(() => net.SaveBytes());
        Throws<ObjectDisposedException>(() => net.LearningRate = 1);
    }

    static void DisposedInItsOwnCallbackItEndsWell()
    {
        Network<double> net = NewXor();
        var how = new TrainingOptions { Epochs = 5 };
        how.Progress = (epochs, loss) =>
        {
            net.Dispose();
            Throws<ObjectDisposedException>(() => net.Forward(inputs));
            return true;
        };
        Equal(net.Train(inputs, targets, how).Length, 5);
        Throws<ObjectDisposedException>(() => net.Forward(inputs));
    }

    // A second thread's call while the first one's is in the network: the callback of a training marks no call, so a long one is used.
    static void OneCallAtATime()
    {
        const string large = @"{""id"": ""large"", ""layers"": [{""type"": ""dense"", ""input_size"": 2000, ""output_size"": 2000}]}";
        using (Model model = Model.FromJson(large))
        using (Network<float> net = model.CreateNetwork<float>())
        {
            var x = new float[2000 * 40];
            bool done = false;
            Exception problem = null;
            var thread = new Thread(() =>
            {
                try
                {
                    while (!Volatile.Read(ref done))
                        try { net.Forward(x); }
                        catch (InvalidOperationException) { }
                }
                catch (Exception e) { problem = e; }
            });
            thread.Start();
            bool refused = false;
            for (int i = 0; i < 100000 && !refused; i++)
                try { net.LearningRate.ToString(); }
                catch (InvalidOperationException e) { refused = e.Message.Contains("one at a time"); }
            Volatile.Write(ref done, true);
            thread.Join();
            True(refused && problem == null, "concurrent use " + problem);
            Equal(net.Forward(x).Length, x.Length);
        }
    }

    static void NetworksRunInParallelAndAreCollected()
    {
        using (Model model = Model.FromJson(Xor))
        {
            float[] x = { 1, 0 }, y = model.CreateNetwork<float>().Forward(x);
            var threads = Enumerable.Range(0, 4).Select(i => new Thread(() =>
            {
                for (int k = 0; k < 200; k++) // nobody disposes of these
                    Same(model.CreateNetwork<float>().Forward(x), y);
            })).ToArray();
            foreach (Thread t in threads) t.Start();
            foreach (Thread t in threads) t.Join();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    static void CompiledModelsGiveTheSameBits()
    {
        float[] x = { 0, 0, 0, 1, 1, 0, 1, 1 }, t = { 0, 1, 1, 0 };
        using (Model compiled = Model.FromLibrary(Path.Combine(folder, "liblogic.so")))
        using (Model model = Model.FromJson(compiled.Description, new ModelOptions { Training = true }))
        using (Network<float> a = compiled.CreateNetwork<float>(), b = model.CreateNetwork<float>())
        {
            var how = new TrainingOptions { Epochs = 25 };
            Same(a.Train(x, t, how), b.Train(x, t, how));
            Same(a.Forward(x), b.Forward(x));
            Same(a.SaveBytes(), b.SaveBytes());
            Equal(a.SaveBundle(), b.SaveBundle());
            Throws<ArgumentException>(() => a.Forward(new float[3]));
            Throws<ArgumentException>(() => compiled.CreateNetwork<double>());
        }
        using (Model compiled = Model.FromLibrary(Path.Combine(folder, "libfixed.so"), "logic"))
        using (Network<float> net = compiled.CreateNetwork<float>())
        {
            float[] kernel = net["first_kernel"].ToArray();
            net.Train(x, t);
            Same(net["first_kernel"].ToArray(), kernel);
            Throws<InvalidOperationException>(() => net["first_kernel"][0] = 1, "constant");
            Throws<InvalidOperationException>(() => net["first_kernel"].Set(kernel), "constant");
        }
        using (Model small = Model.FromLibrary(Path.Combine(folder, "libsmall.so"), "logic")) // integers within, floats at its border
        using (Model model = Model.FromJson(small.Description))
        using (Network<float> a = small.CreateNetwork<float>(), b = model.CreateNetwork<float>())
        {
            True(a.Forward(x).Zip(b.Forward(x), (p, q) => Math.Abs(p - q)).Max() < 0.1f);
            True(a.Model.Tensors.Count == 0 && !a.Model.CanTrain);
        }
        Throws<EntryPointNotFoundException>(() => Model.FromLibrary(Path.Combine(folder, "liblogic.so"), "other"), "other_model");
        Throws<FileNotFoundException>(() => Model.FromLibrary("/no/such.so"));
        File.WriteAllText(Path.Combine(folder, "libtext.so"), "no library");
        Throws<DllNotFoundException>(() => Model.FromLibrary(Path.Combine(folder, "libtext.so")));
    }

    static int Main(string[] words)
    {
        folder = words[0];
        int passed = 0, failed = 0;
        foreach (MethodInfo test in typeof(Tests).GetMethods(BindingFlags.Static | BindingFlags.NonPublic))
        {
            if (test.GetParameters().Length > 0 || test.ReturnType != typeof(void) || test.Name.Contains("<"))
                continue;
            try
            {
                test.Invoke(null, null);
                passed++;
            }
            catch (TargetInvocationException e)
            {
                failed++;
                Console.WriteLine("FAILED " + test.Name + ": " + e.InnerException);
            }
        }
        Console.WriteLine(passed + " passed, " + failed + " failed");
        return failed > 0 || passed == 0 ? 1 : 0;
    }
}
