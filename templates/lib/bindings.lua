-- bindings.lua - what the wrappers for other languages (templates/bindings/) have in common.

-- Does an output mix the samples of a batch? Then a call takes a whole batch, else samples one by one.
function mixes() return model.output[1] ~= model.batch end

-- The shape that users see: without the batch.
function sample_shape(dims) return mixes() and dims or {table.unpack(dims, 2)} end
function sample_size(dims) return product(sample_shape(dims)) end

-- The network's name as types are called: lstm_odd -> LstmOdd.
Id = ("_" .. model.id):gsub("_+(%w)", string.upper)
