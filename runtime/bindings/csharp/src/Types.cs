using System;

namespace Loom
{
    /// <summary>A type of numbers.</summary>
    public enum ElementType
    {
        /// <summary>IEEE-754 binary32: float.</summary>
        F32 = 1,
        /// <summary>IEEE-754 binary64: double.</summary>
        F64 = 2,
        /// <summary>8-bit integers: sbyte.</summary>
        I8 = 3,
        /// <summary>16-bit integers: short.</summary>
        I16 = 4,
        /// <summary>32-bit integers: int.</summary>
        I32 = 5
    }

    /// <summary>What a tensor is.</summary>
    public enum Role
    {
        /// <summary>A weight that training changes, or a statistic of batch_norm.</summary>
        Param = 1,
        /// <summary>Of the optimiser.</summary>
        Memory = 2,
        /// <summary>Kept from call to call, until it is reset.</summary>
        State = 3,
        /// <summary>The sum of the gradients since the last update, when they are kept.</summary>
        Gradient = 4,
        /// <summary>A weight that nothing changes.</summary>
        Frozen = 5
    }

    static class Element
    {
        /// <summary>The type of the library that a C# type is; ArgumentException when there is none.</summary>
        internal static ElementType Of<T>()
        {
            if (typeof(T) == typeof(float)) return ElementType.F32;
            if (typeof(T) == typeof(double)) return ElementType.F64;
            if (typeof(T) == typeof(sbyte)) return ElementType.I8;
            if (typeof(T) == typeof(short)) return ElementType.I16;
            if (typeof(T) == typeof(int)) return ElementType.I32;
            throw new ArgumentException("a network has numbers of type float, double, sbyte, short or int, not " + typeof(T).Name, "T");
        }

        internal static int SizeOf(ElementType type)
        {
            return type == ElementType.F64 ? 8 : type == ElementType.I8 ? 1 : type == ElementType.I16 ? 2 : 4;
        }
    }

    /// <summary>How a model is to be made. By default as the description says, for inference only.</summary>
    public sealed class ModelOptions
    {
        /// <summary>The type of all numbers; null: the description's.</summary>
        public ElementType? Element { get; set; }

        /// <summary>The model can train.</summary>
        public bool Training { get; set; }

        /// <summary>The model can train and keeps its gradients, so that Backward and Update work.</summary>
        public bool Gradients { get; set; }

        /// <summary>The id of the model in a bundle with several; null: the first.</summary>
        public string Id { get; set; }

        /// <summary>The loss instead of the description's: "mse", "cross_entropy", ...; null: that one.</summary>
        public string Loss { get; set; }

        /// <summary>The longest that the gradient may be instead of the description's; 0: that one.</summary>
        public double ClipNorm { get; set; }

        /// <summary>What messages call the text.</summary>
        public string Name { get; set; }
    }

    /// <summary>How a network trains. By default as the description says, with the samples shuffled.</summary>
    public sealed class TrainingOptions
    {
        /// <summary>How often all samples are seen; 0: "epochs" of the description's "training", or 10.</summary>
        public long Epochs { get; set; }

        /// <summary>The epochs that were before, of a training that goes on.</summary>
        public long FirstEpoch { get; set; }

        /// <summary>A constant rate; 0: the schedule of the description.</summary>
        public double LearningRate { get; set; }

        /// <summary>Whether each epoch takes the samples in an order of its own.</summary>
        public bool Shuffle { get; set; } = true;

        /// <summary>What these orders depend on; null: the description's seed.</summary>
        public ulong? Seed { get; set; }

        /// <summary>Called after each epoch with the count of epochs so far and the mean loss of this one. It may use the network;
        /// false ends the training.</summary>
        public Func<long, double, bool> Progress { get; set; }
    }

    /// <summary>What a file of weights is to hold.</summary>
    public sealed class SaveOptions
    {
        /// <summary>The type of the weights in the file; null: the network's own, exact.</summary>
        public ElementType? Element { get; set; }

        /// <summary>Of integers: a scale for each row or column instead of one for a tensor.</summary>
        public bool ChannelScales { get; set; }

        /// <summary>A checkpoint: also the optimiser's memory, states and progress, so that training goes on with the same bits.</summary>
        public bool Training { get; set; }

        /// <summary>Also the description, so that the file alone makes the network.</summary>
        public bool Description { get; set; } = true;
    }

    /// <summary>Learning rates that change with the step.</summary>
    public struct Schedule
    {
        /// <summary>0 constant, 1 linear, 2 cosine, 3 exponential, 4 step, 5 polynomial.</summary>
        public int Kind;
        /// <summary>The rate that it starts from.</summary>
        public double Rate;
        /// <summary>The rate that linear, cosine and polynomial end at.</summary>
        public double End;
        /// <summary>Of exponential and step.</summary>
        public double Factor;
        /// <summary>Of polynomial.</summary>
        public double Power;
        /// <summary>How many steps it takes.</summary>
        public double Steps;
        /// <summary>For how many steps the rate rises from zero before.</summary>
        public double Warmup;
    }

    /// <summary>How far predictions are from what was expected. A deviation is the difference in per cent of the expected number.</summary>
    public sealed class Metrics
    {
        /// <summary>How many samples there were.</summary>
        public long Samples { get; }
        /// <summary>How many deviate by up to 10, 20, 30, 40, 50, 100 per cent, and by more.</summary>
        public long[] Buckets { get; }
        /// <summary>The mean of what a deviation leaves of 100.</summary>
        public double Score { get; }
        /// <summary>The mean deviation.</summary>
        public double Deviation { get; }

        internal Metrics(long samples, long[] buckets, double score, double deviation)
        {
            Samples = samples;
            Buckets = buckets;
            Score = score;
            Deviation = deviation;
        }
    }

    /// <summary>What a model says of one of its tensors. Its numbers lie row-major in each network.</summary>
    public sealed class TensorInfo
    {
        /// <summary>Unique in the model: "first_kernel".</summary>
        public string Name { get; }
        /// <summary>The path of the layer that it belongs to; "" when to none.</summary>
        public string Layer { get; }
        /// <summary>What it is.</summary>
        public Role Role { get; }
        /// <summary>Its dimensions.</summary>
        public int[] Shape { get { return (int[])shape.Clone(); } }
        /// <summary>Its numbers: the product of the dimensions.</summary>
        public int Size { get; }

        readonly int[] shape;

        internal TensorInfo(string name, string layer, Role role, int[] shape, int size)
        {
            Name = name;
            Layer = layer;
            Role = role;
            this.shape = shape;
            Size = size;
        }
    }
}
