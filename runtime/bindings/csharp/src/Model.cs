using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;

namespace Loom
{
    /// <summary>A model of the library, freed when the last of its networks is.</summary>
    sealed class ModelHandle : SafeHandle
    {
        internal readonly Library Library;

        internal ModelHandle(Library library, IntPtr model) : base(IntPtr.Zero, true)
        {
            Library = library;
            SetHandle(model);
        }

        public override bool IsInvalid { get { return handle == IntPtr.Zero; } }

        protected override bool ReleaseHandle()
        {
            Library.ModelFree(handle);
            return true;
        }
    }

    /// <summary>A network: its sizes, its tensors, and what runs it. It is constant and may be used by all threads; what runs is
    /// a <see cref="Network{T}"/>, of which there may be any number. They keep it alive.</summary>
    public sealed unsafe class Model : IDisposable
    {
        static readonly byte[] magic = { 0x89, (byte)'L', (byte)'O', (byte)'O', (byte)'M', 13, 10, 26 };

        /// <summary>The network's name.</summary>
        public string Id { get; }
        /// <summary>The network as JSON.</summary>
        public string Description { get; }
        /// <summary>The type of all its numbers.</summary>
        public ElementType Element { get; }
        /// <summary>Samples in one call of the library: the first dimension of input and output.</summary>
        public int Batch { get; }
        /// <summary>The dimensions of one call's input; the batch is the first.</summary>
        public int[] InputShape { get { return (int[])inputShape.Clone(); } }
        /// <summary>The dimensions of one call's output.</summary>
        public int[] OutputShape { get { return (int[])outputShape.Clone(); } }
        /// <summary>Numbers in one call's input.</summary>
        public int InputSize { get; }
        /// <summary>Numbers in one call's output.</summary>
        public int OutputSize { get; }
        /// <summary>Train works.</summary>
        public bool CanTrain { get; }
        /// <summary>Backward and Update work.</summary>
        public bool CanBackward { get; }
        /// <summary>Its tensors, in their order.</summary>
        public IReadOnlyList<TensorInfo> Tensors { get; }

        /// <summary>Weights, counted as numbers.</summary>
        public long Parameters
        {
            get
            {
                long n = 0;
                foreach (TensorInfo t in Tensors)
                    n += t.Role == Role.Param || t.Role == Role.Frozen ? t.Size : 0;
                return n;
            }
        }

        internal readonly ModelHandle Handle;
        readonly int[] inputShape, outputShape;
        volatile bool disposed;
        byte[] file;             /* weights that a network starts with, or null */
        string bundle, bundleId; /* likewise */

        Model(Library library, IntPtr m)
        {
            Handle = new ModelHandle(library, m);
            Id = Library.Text(library.ModelId(m));
            Description = Library.Text(library.ModelDescription(m));
            Element = (ElementType)library.ModelType(m);
            Batch = checked((int)library.Batch(m));
            inputShape = Dimensions(library.InputRank(m), i => library.InputDim(m, i));
            outputShape = Dimensions(library.OutputRank(m), i => library.OutputDim(m, i));
            InputSize = checked((int)library.InputSize(m));
            OutputSize = checked((int)library.OutputSize(m));
            CanTrain = library.CanTrain(m) != 0;
            CanBackward = library.CanBackward(m) != 0;
            var tensors = new TensorInfo[library.TensorCount(m)];
            for (int i = 0; i < tensors.Length; i++)
            {
                int at = i;
                tensors[i] = new TensorInfo(Library.Text(library.TensorName(m, i)), Library.Text(library.TensorLayer(m, i)),
                                            (Role)library.TensorRole(m, i),
                                            Dimensions(library.TensorRank(m, i), k => library.TensorDim(m, at, k)),
                                            checked((int)library.TensorSize(m, i)));
            }
            Tensors = Array.AsReadOnly(tensors);
        }

        static int[] Dimensions(int rank, Func<int, UIntPtr> of)
        {
            var dims = new int[rank];
            for (int i = 0; i < rank; i++)
                dims[i] = checked((int)of(i));
            return dims;
        }

        /// <summary>Makes a model from JSON: a description, or a bundle, which has the weights too.</summary>
        /// <exception cref="LoomException">Description: not JSON, or not a network; Where, Line and Column say where. NotFound: the
        /// bundle has no model of that id.</exception>
        /// <exception cref="ArgumentException">An option is wrong.</exception>
        /// <exception cref="DllNotFoundException">There is no libloom.</exception>
        public static Model FromJson(string json, ModelOptions options = null)
        {
            if (json == null)
                throw new ArgumentNullException("json");
            ModelOptions o = options ?? new ModelOptions();
            Library library = Library.Standard;
            byte[] text = Encoding.UTF8.GetBytes(json + "\0"), id = Library.Bytes(o.Id, "Id"), loss = Library.Bytes(o.Loss, "Loss"),
                   name = Library.Bytes(o.Name, "Name");
            byte* error = stackalloc byte[Library.ErrorSize];
            IntPtr m = IntPtr.Zero;
            fixed (byte* pText = text, pId = id, pLoss = loss, pName = name)
            {
                var native = new NativeOptions
                {
                    Type = o.Element.HasValue ? (int)o.Element.Value : 0, Train = o.Gradients ? 2 : o.Training ? 1 : 0,
                    Id = (IntPtr)pId, Loss = (IntPtr)pLoss, ClipNorm = o.ClipNorm, Name = (IntPtr)pName
                };
                if (library.ModelFromJson(pText, (UIntPtr)(text.Length - 1), &native, &m, error) < 0)
                    throw Library.Failure(error);
            }
            return new Model(library, m) { bundle = json.Contains("\"modelhost/bundle\"") ? json : null, bundleId = o.Id };
        }

        /// <summary>The same from a file: JSON, or a binary file with its description, whose weights every network then starts
        /// with.</summary>
        /// <exception cref="LoomException">As FromJson. Format, Checksum: the file is damaged, or has no description.</exception>
        /// <exception cref="IOException">The file cannot be read.</exception>
        public static Model FromFile(string path, ModelOptions options = null)
        {
            byte[] bytes = File.ReadAllBytes(path);
            ModelOptions o = options ?? new ModelOptions();
            o = new ModelOptions
            {
                Element = o.Element, Training = o.Training, Gradients = o.Gradients, Id = o.Id, Loss = o.Loss, ClipNorm = o.ClipNorm,
                Name = o.Name ?? path
            };
            if (!StartsWith(bytes, magic))
                return FromJson(Decode(bytes, 0, bytes.Length, path), o);
            Model model = FromJson(DescriptionOf(bytes, path), o);
            model.file = bytes;
            return model;
        }

        /// <summary>A compiled model in a shared library, made with "cc -shared" from what "loomc compile --abi" writes. Without an id
        /// it is that of the file's name, lib&lt;id&gt;.so; without a path it is the file of that name beside the program. The library
        /// stays loaded.</summary>
        /// <exception cref="FileNotFoundException">There is no such file.</exception>
        /// <exception cref="DllNotFoundException">It is no library, or one that needs libloom, which was not found.</exception>
        /// <exception cref="EntryPointNotFoundException">It has no model of that id.</exception>
        /// <exception cref="LoomException">Abi: compiled for another version of the interface.</exception>
        public static Model FromLibrary(string path, string id = null)
        {
            if (path == null && id == null)
                throw new ArgumentNullException("path");
            path = path ?? Path.Combine(AppDomain.CurrentDomain.BaseDirectory, Loader.FileName(id));
            string name = Path.GetFileNameWithoutExtension(path);
            id = id ?? (name.StartsWith("lib", StringComparison.Ordinal) ? name.Substring(3) : name);
            Library library;
            IntPtr m = Library.FindModel(path, id, out library);
            return new Model(library, m);
        }

        /// <summary>A running copy of the network, with weights as the model has them and all else zero.</summary>
        /// <typeparam name="T">The type of its numbers: float, double, sbyte, short or int.</typeparam>
        /// <exception cref="ArgumentException">T is not the type of the model's numbers.</exception>
        /// <exception cref="ObjectDisposedException">The model was disposed of.</exception>
        /// <exception cref="OutOfMemoryException">No memory.</exception>
        public Network<T> CreateNetwork<T>() where T : struct
        {
            if (Loom.Element.Of<T>() != Element)
                throw new ArgumentException("'" + Id + "' computes in " + Element + ", not in " + Loom.Element.Of<T>(), "T");
            if (disposed)
                throw new ObjectDisposedException("Model");
            var network = new Network<T>(this);
            try
            {
                if (file != null)
                    network.LoadBytes(file);
                if (bundle != null)
                    network.LoadBundle(bundle, bundleId);
            }
            catch
            {
                network.Dispose();
                throw;
            }
            return network;
        }

        /// <summary>Gives the model back when its last network is disposed of.</summary>
        public void Dispose()
        {
            disposed = true;
            Handle.Dispose();
        }

        /// <summary>Its name, type and shapes.</summary>
        public override string ToString()
        {
            return Id + ": " + Element + " [" + string.Join(", ", inputShape) + "] -> [" + string.Join(", ", outputShape) + "]";
        }

        static bool StartsWith(byte[] bytes, byte[] head)
        {
            for (int i = 0; i < head.Length; i++)
                if (i >= bytes.Length || bytes[i] != head[i])
                    return false;
            return true;
        }

        internal static bool IsBinary(byte[] bytes) { return bytes.Length > 0 && bytes[0] == magic[0]; }

        internal static string Decode(byte[] bytes, int first, int n, string path)
        {
            try
            {
                return new UTF8Encoding(false, true).GetString(bytes, first, n);
            }
            catch (DecoderFallbackException)
            {
                throw new LoomException(LoomStatus.Format, path + ": neither JSON in UTF-8 nor a binary file of weights", path);
            }
        }

        static string DescriptionOf(byte[] bytes, string path)
        {
            Library library = Library.Standard;
            NativeFile f;
            fixed (byte* at = bytes)
            {
                int status = library.FileOpen(at, (UIntPtr)bytes.Length, &f);
                if (status < 0)
                    throw library.Failure(status, path);
                if (f.DescriptionSize == UIntPtr.Zero)
                    throw new LoomException(LoomStatus.Format, path + " holds weights without a description: make the model from its " +
                                                               "JSON, then load the file", path);
                return Decode(bytes, (int)((byte*)f.Description - at), (int)f.DescriptionSize, path);
            }
        }
    }
}
