using System;
using System.Collections.Generic;
using System.IO;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace Loom
{
    [StructLayout(LayoutKind.Sequential)]
    struct NativeOptions
    {
        internal int Type, Train;
        internal IntPtr Id, Loss;
        internal double ClipNorm;
        internal IntPtr Name;
    }

    [StructLayout(LayoutKind.Sequential)]
    struct NativeSave
    {
        internal int Type, Scales, Training, Description;
    }

    [StructLayout(LayoutKind.Sequential)]
    struct NativeFit
    {
        internal ulong Epochs, FirstEpoch;
        internal double LearningRate;
        internal int Shuffle;
        internal ulong Seed;
        internal IntPtr Progress, Context;
    }

    [StructLayout(LayoutKind.Sequential)]
    struct NativeFile
    {
        internal int Type, Training;
        internal ulong Calls, Batches, Steps, Pending;
        internal Schedule Schedule;
        internal UIntPtr TensorCount;
        internal IntPtr Id, Description;
        internal UIntPtr IdSize, DescriptionSize;
        internal IntPtr Bytes;
        internal UIntPtr First, Last;
    }

    /// <summary>The functions of one shared library: libloom, or one with compiled models. It stays loaded.</summary>
    sealed unsafe class Library
    {
        internal const int ErrorSize = 12 + 200 + 600;
        internal const uint Abi = 1;

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate uint AbiOf();
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate IntPtr ModelOf();
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate IntPtr TextOfStatus(int status);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        internal delegate int MakeModel(byte* json, UIntPtr size, NativeOptions* options, IntPtr* model, byte* error);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate void OfModel(IntPtr m);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate IntPtr TextOfModel(IntPtr m);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int NumberOfModel(IntPtr m);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate UIntPtr SizeOfModel(IntPtr m);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate UIntPtr SizeOfDimension(IntPtr m, int i);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate IntPtr TextOfTensor(IntPtr m, int i);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int NumberOfTensor(IntPtr m, int i);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate UIntPtr DimensionOfTensor(IntPtr m, int i, int k);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate IntPtr DataOfTensor(IntPtr m, IntPtr instance, int i);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int MakeInstance(IntPtr m, IntPtr* instance);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate void FreeInstance(IntPtr m, IntPtr instance);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int OfInstance(IntPtr m, IntPtr instance);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        internal delegate int RunForward(IntPtr m, IntPtr instance, byte* x, UIntPtr n, byte* y, UIntPtr nOutput);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        internal delegate int RunTrain(IntPtr m, IntPtr instance, byte* x, byte* y, UIntPtr samples, double* loss);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        internal delegate int RunBackward(IntPtr m, IntPtr instance, byte* x, byte* y, double* loss);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int GetRate(IntPtr m, IntPtr instance, double* rate);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int SetRate(IntPtr m, IntPtr instance, double rate);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int GetSteps(IntPtr m, IntPtr instance, ulong* steps);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int OfSchedule(IntPtr m, IntPtr instance, Schedule* s);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int OnEpoch(IntPtr context, ulong epochs, double loss);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        internal delegate int RunFit(IntPtr m, IntPtr instance, byte* x, byte* y, UIntPtr samples, NativeFit* options, double* loss);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate double PredictionOf(int type, byte* output, UIntPtr n);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate double DeviationOf(double expected, double actual);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int BucketOf(double deviation);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        internal delegate int SaveBytes(IntPtr m, IntPtr instance, NativeSave* options, byte* bytes, UIntPtr room, UIntPtr* size);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        internal delegate int LoadBytes(IntPtr m, IntPtr instance, byte* bytes, UIntPtr size);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        internal delegate IntPtr LoadProblem(IntPtr m, IntPtr instance, byte* bytes, UIntPtr size);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int OpenFile(byte* bytes, UIntPtr size, NativeFile* file);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        internal delegate IntPtr SaveBundle(IntPtr m, IntPtr instance, IntPtr id, byte* error);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        internal delegate int LoadBundle(IntPtr m, IntPtr instance, byte* json, UIntPtr size, byte* id, byte* error);

        internal readonly TextOfStatus StatusText;
        internal readonly MakeModel ModelFromJson;
        internal readonly OfModel ModelFree, FreeText;
        internal readonly TextOfModel ModelId, ModelDescription;
        internal readonly NumberOfModel ModelType, InputRank, OutputRank, CanTrain, CanBackward, TensorCount;
        internal readonly SizeOfModel Batch, InputSize, OutputSize;
        internal readonly SizeOfDimension InputDim, OutputDim, TensorSize;
        internal readonly TextOfTensor TensorName, TensorLayer;
        internal readonly NumberOfTensor TensorRole, TensorRank;
        internal readonly DimensionOfTensor TensorDim;
        internal readonly DataOfTensor TensorData;
        internal readonly MakeInstance InstanceNew;
        internal readonly FreeInstance InstanceFree;
        internal readonly OfInstance Reset, Update, Clear;
        internal readonly RunForward Forward;
        internal readonly RunTrain Train;
        internal readonly RunBackward Backward;
        internal readonly GetRate LearningRate;
        internal readonly SetRate SetLearningRate;
        internal readonly GetSteps Steps;
        internal readonly OfSchedule ScheduleGet, ScheduleSet;
        internal readonly RunFit Fit;
        internal readonly PredictionOf Prediction;
        internal readonly DeviationOf Deviation;
        internal readonly BucketOf Bucket;
        internal readonly SaveBytes Save;
        internal readonly LoadBytes Load;
        internal readonly LoadProblem Problem;
        internal readonly OpenFile FileOpen;
        internal readonly SaveBundle BundleSave;
        internal readonly LoadBundle BundleLoad;

        readonly IntPtr handle;
        readonly string path;

        static readonly object guard = new object();
        static readonly Dictionary<string, Library> known = new Dictionary<string, Library>();
        static Library standard;

        Library(string path, IntPtr handle)
        {
            this.path = path;
            this.handle = handle;
            uint abi = Function<AbiOf>("loom_abi")();
            if (abi != Abi)
                throw new LoomException(LoomStatus.Abi, path + " has version " + abi + " of the interface, expected " + Abi);
            StatusText = Function<TextOfStatus>("loom_status_text");
            ModelFromJson = Function<MakeModel>("loom_model_from_json");
            ModelFree = Function<OfModel>("loom_model_free");
            FreeText = Function<OfModel>("FreeLoomString");
            ModelId = Function<TextOfModel>("loom_model_id");
            ModelDescription = Function<TextOfModel>("loom_model_description");
            ModelType = Function<NumberOfModel>("loom_model_type");
            InputRank = Function<NumberOfModel>("loom_input_rank");
            OutputRank = Function<NumberOfModel>("loom_output_rank");
            CanTrain = Function<NumberOfModel>("loom_can_train");
            CanBackward = Function<NumberOfModel>("loom_can_backward");
            TensorCount = Function<NumberOfModel>("loom_tensor_count");
            Batch = Function<SizeOfModel>("loom_model_batch");
            InputSize = Function<SizeOfModel>("loom_input_size");
            OutputSize = Function<SizeOfModel>("loom_output_size");
            InputDim = Function<SizeOfDimension>("loom_input_dim");
            OutputDim = Function<SizeOfDimension>("loom_output_dim");
            TensorSize = Function<SizeOfDimension>("loom_tensor_size");
            TensorName = Function<TextOfTensor>("loom_tensor_name");
            TensorLayer = Function<TextOfTensor>("loom_tensor_layer");
            TensorRole = Function<NumberOfTensor>("loom_tensor_role");
            TensorRank = Function<NumberOfTensor>("loom_tensor_rank");
            TensorDim = Function<DimensionOfTensor>("loom_tensor_dim");
            TensorData = Function<DataOfTensor>("loom_tensor_data");
            InstanceNew = Function<MakeInstance>("loom_instance_new");
            InstanceFree = Function<FreeInstance>("loom_instance_free");
            Reset = Function<OfInstance>("loom_reset");
            Update = Function<OfInstance>("loom_update");
            Clear = Function<OfInstance>("loom_clear");
            Forward = Function<RunForward>("loom_forward");
            Train = Function<RunTrain>("loom_train");
            Backward = Function<RunBackward>("loom_backward");
            LearningRate = Function<GetRate>("loom_learning_rate");
            SetLearningRate = Function<SetRate>("loom_set_learning_rate");
            Steps = Function<GetSteps>("loom_steps");
            ScheduleGet = Function<OfSchedule>("loom_get_schedule");
            ScheduleSet = Function<OfSchedule>("loom_set_schedule");
            Fit = Function<RunFit>("loom_fit");
            Prediction = Function<PredictionOf>("loom_prediction");
            Deviation = Function<DeviationOf>("loom_deviation");
            Bucket = Function<BucketOf>("loom_bucket");
            Save = Function<SaveBytes>("loom_save");
            Load = Function<LoadBytes>("loom_load");
            Problem = Function<LoadProblem>("loom_load_problem");
            FileOpen = Function<OpenFile>("loom_file_open");
            BundleSave = Function<SaveBundle>("loom_bundle_save");
            BundleLoad = Function<LoadBundle>("loom_bundle_load");
        }

        F Function<F>(string name)
        {
            IntPtr at = Loader.Find(handle, name);
            if (at == IntPtr.Zero)
                throw new EntryPointNotFoundException(path + " has no function '" + name + "'");
            return (F)(object)Marshal.GetDelegateForFunctionPointer(at, typeof(F));
        }

        /// <summary>libloom, from the folder LOOM_LIB_DIR, from the program's, or from where the system looks.</summary>
        internal static Library Standard
        {
            get
            {
                lock (guard)
                    return standard ?? (standard = FindStandard());
            }
        }

        static Library FindStandard()
        {
            string name = Loader.FileName("loom");
            var tried = new List<string>();
            string folder = Environment.GetEnvironmentVariable("LOOM_LIB_DIR");
            string beside = Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location);
            if (!string.IsNullOrEmpty(folder)) tried.Add(Path.Combine(folder, name));
            if (!string.IsNullOrEmpty(beside)) tried.Add(Path.Combine(beside, name));
            tried.Add(Path.Combine(AppDomain.CurrentDomain.BaseDirectory, name));
            tried.Add(name);
            string reason = "";
            foreach (string candidate in tried)
            {
                IntPtr handle = Loader.Open(candidate, ref reason);
                if (handle != IntPtr.Zero)
                    return new Library(candidate, handle);
            }
            throw new DllNotFoundException("libloom was not found as " + string.Join(", ", tried.ToArray()) + ": put it beside the program, " +
                                           "install it, or set LOOM_LIB_DIR to its folder (" + reason + ")");
        }

        /// <summary>A compiled model of a shared library, and the library that runs it: its own functions, or libloom's.</summary>
        internal static IntPtr FindModel(string path, string id, out Library library)
        {
            string full = Path.GetFullPath(path), reason = "";
            if (!File.Exists(full))
                throw new FileNotFoundException("there is no library " + full, full);
            IntPtr handle = Loader.Open(full, ref reason);
            if (handle == IntPtr.Zero)
                throw new DllNotFoundException(reason);
            IntPtr function = Loader.Find(handle, id + "_model");
            if (function == IntPtr.Zero)
                throw new EntryPointNotFoundException(full + " has no function " + id + "_model: is the network's id '" + id +
                                                      "', compiled with --abi?");
            lock (guard)
                if (!known.TryGetValue(full, out library) && Loader.Find(handle, "loom_model_from_json") != IntPtr.Zero)
                    known[full] = library = new Library(full, handle);
            library = library ?? Standard;
            IntPtr model = ((ModelOf)Marshal.GetDelegateForFunctionPointer(function, typeof(ModelOf)))();
            if (model == IntPtr.Zero || *(uint*)model != Abi)
                throw new LoomException(LoomStatus.Abi, full + ": " + library.TextOf((int)LoomStatus.Abi));
            return model;
        }

        internal string TextOf(int status) { return Text(StatusText(status)); }

        /// <summary>The exception for a status and what failed.</summary>
        internal Exception Failure(int status, string what)
        {
            if (status == (int)LoomStatus.Memory)
                return new OutOfMemoryException(what + ": " + TextOf(status));
            return new LoomException((LoomStatus)status, what + ": " + TextOf(status));
        }

        /// <summary>The exception for a loom_error.</summary>
        internal static Exception Failure(byte* error)
        {
            int* numbers = (int*)error;
            string where = Text((IntPtr)(error + 12)), message = Text((IntPtr)(error + 212));
            if (numbers[0] == (int)LoomStatus.Argument)
                return new ArgumentException(message, where);
            return new LoomException((LoomStatus)numbers[0], message, where, numbers[1], numbers[2]);
        }

        /// <summary>UTF-8 that ends with a zero.</summary>
        internal static string Text(IntPtr at)
        {
            if (at == IntPtr.Zero)
                return "";
            int n = 0;
            while (((byte*)at)[n] != 0)
                n++;
            var bytes = new byte[n];
            Marshal.Copy(at, bytes, 0, n);
            return Encoding.UTF8.GetString(bytes);
        }

        /// <summary>The same from a text; null stays null.</summary>
        internal static byte[] Bytes(string text, string argument)
        {
            if (text == null)
                return null;
            if (text.IndexOf('\0') >= 0)
                throw new ArgumentException("a text with a zero character", argument);
            return Encoding.UTF8.GetBytes(text + "\0");
        }
    }

    /// <summary>What the system does to load libraries.</summary>
    static class Loader
    {
        static readonly bool isWindows = Path.DirectorySeparatorChar == '\\';

        internal static string FileName(string name)
        {
            bool isMac = !isWindows && File.Exists("/usr/lib/libSystem.dylib");
            return isWindows ? name + ".dll" : "lib" + name + (isMac ? ".dylib" : ".so");
        }

#if NET
        internal static IntPtr Open(string path, ref string reason)
        {
            try
            {
                return NativeLibrary.Load(path);
            }
            catch (Exception e) when (e is DllNotFoundException || e is BadImageFormatException)
            {
                reason = e.Message;
                return IntPtr.Zero;
            }
        }

        internal static IntPtr Find(IntPtr library, string name)
        {
            IntPtr at;
            return NativeLibrary.TryGetExport(library, name, out at) ? at : IntPtr.Zero;
        }
#else
        const int Now = 2;

        [DllImport("libdl.so.2", EntryPoint = "dlopen")] static extern IntPtr dlopen(string path, int flags);
        [DllImport("libdl.so.2", EntryPoint = "dlsym")] static extern IntPtr dlsym(IntPtr library, string name);
        [DllImport("libdl.so.2", EntryPoint = "dlerror")] static extern IntPtr dlerror();
        [DllImport("kernel32", CharSet = CharSet.Unicode)] static extern IntPtr LoadLibraryW(string path);
        [DllImport("kernel32", CharSet = CharSet.Ansi)] static extern IntPtr GetProcAddress(IntPtr library, string name);

        internal static IntPtr Open(string path, ref string reason)
        {
            IntPtr library = isWindows ? LoadLibraryW(path) : dlopen(path, Now);
            if (library == IntPtr.Zero)
                reason = isWindows ? path + " cannot be loaded" : Library.Text(dlerror());
            return library;
        }

        internal static IntPtr Find(IntPtr library, string name)
        {
            return isWindows ? GetProcAddress(library, name) : dlsym(library, name);
        }
#endif
    }
}
