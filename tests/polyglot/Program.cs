// The C# row: Program.exe DESCRIPTION|LIBRARY.so FOLDER
using System;
using System.IO;
using Loom;

static class Program
{
    static void Put(BinaryWriter to, float[] numbers)
    {
        foreach (float x in numbers)
            to.Write(x);
    }

    static void Main(string[] words)
    {
        float[] inputs = { .2f, .2f, .2f, .2f, .8f, .8f, .8f, .8f, .9f, .9f, .9f, .9f, .1f, .1f, .1f, .1f,
                           .7f, .7f, .7f, .7f, .3f, .3f, .3f, .3f, .3f, .3f, .3f, .3f, .7f, .7f, .7f, .7f };
        float[] targets = { 1, 0, 0, 1, 0, 1, 1, 0 };
        using (Model model = words[0].EndsWith(".so") ? Model.FromLibrary(words[0]) : Model.FromFile(words[0], new ModelOptions { Training = true }))
        using (Network<float> net = model.CreateNetwork<float>())
        using (var outputs = new BinaryWriter(File.Create(Path.Combine(words[1], "outputs"))))
        using (var weights = new BinaryWriter(File.Create(Path.Combine(words[1], "weights"))))
        {
            net.Train(inputs, targets, new TrainingOptions { Epochs = 25, LearningRate = 0.15, Shuffle = false });
            Put(outputs, net.Forward(inputs));
            foreach (TensorInfo t in model.Tensors)
                if (t.Role == Role.Param)
                    Put(weights, net[t.Name].ToArray());
            net.Save(Path.Combine(words[1], "saved"));
        }
    }
}
