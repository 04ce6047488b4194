-- wrk: POSTs the body in the file that is the first argument, with the bearer token that is the second, if any.
-- `%d` in the body is a number from 1 to the third.
local body, token, count, number = "", nil, nil, 0

function init(args)
  local file = assert(io.open(args[1]))
  body = file:read("a")
  file:close()
  token = args[2]
  count = tonumber(args[3])
end

function request()
  local headers = { ["Content-Type"] = "application/json" }
  if token and token ~= "" then headers["Authorization"] = "Bearer " .. token end
  local text = body
  if count then
    number = number % count + 1
    text = string.gsub(body, "%%d", tostring(number))
  end
  return wrk.format("POST", nil, headers, text)
end
